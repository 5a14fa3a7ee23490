import Foundation

@testable import Configuration

/// Whole configuration files kept beside the tests, and how they are read here.
enum Fixture {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let directory = root.appending(path: "Tests/Fixtures/configuration")

    /// With MARTLET_PRINT=1 the tests that compare printed texts print them anew instead; then read the difference.
    static let isPrinting = ProcessInfo.processInfo.environment["MARTLET_PRINT"] == "1"

    static func text(_ path: String) throws -> String {
        try String(contentsOf: directory.appending(path: path), encoding: .utf8)
    }

    /// The names of all files of a folder that end so, in order.
    static func names(in folder: String, ending: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: folder).path)
            .filter { $0.hasSuffix(ending) }.sorted()
    }

    /// Reads a fixture as if it lay in /etc/martlet, on a machine whose only bare programs are cat and true.
    static func decode(
        _ path: String, environment: [String: String] = [:], flags: FlagOverrides = FlagOverrides()
    ) throws -> Result<LoadedConfiguration, Problems> {
        let bytes = Array(try Data(contentsOf: directory.appending(path: path)))
        let name = URL(filePath: path).lastPathComponent
        return decode(bytes, name: name, environment: environment, flags: flags)
    }

    static func decode(
        _ bytes: [UInt8], name: String = "martlet.yml", environment: [String: String] = [:],
        flags: FlagOverrides = FlagOverrides()
    ) -> Result<LoadedConfiguration, Problems> {
        ConfigurationReader.decode(
            bytes, file: name, absolutePath: "/etc/martlet/\(name)", environment: environment, flags: flags,
            isExecutable: { ["/usr/bin/cat", "/bin/cat", "/bin/true"].contains($0) })
    }

    static func settings(
        _ text: String, environment: [String: String] = [:], flags: FlagOverrides = FlagOverrides()
    ) throws -> Settings {
        try decode(Array(text.utf8), environment: environment, flags: flags).get().settings
    }

    /// The problems of a text, one a line; empty when it has none.
    static func problems(
        _ text: String, environment: [String: String] = [:], flags: FlagOverrides = FlagOverrides()
    ) -> [String] {
        switch decode(Array(text.utf8), environment: environment, flags: flags) {
        case .success: []
        case .failure(let problems): problems.all.map(\.description)
        }
    }
}
