import Configuration
import Foundation
import TestSupport
import Testing

/// A kit, with the handler that is written with it for these tests.
struct Kit: CustomTestStringConvertible, Sendable {
    let name: String
    /// The interpreter, as it is called in the PATH that handlers have; nil for a program of its own.
    let interpreter: String?
    /// The package that it comes with.
    let package: String
    /// The handler.
    let file: String
    var canFork = false

    static let python = Kit(
        name: "python", interpreter: "python3", package: "python3", file: fixture("conformance.py"), canFork: true)
    static let ruby = Kit(
        name: "ruby", interpreter: "ruby", package: "ruby", file: fixture("conformance.rb"), canFork: true)
    static let node = Kit(name: "node", interpreter: "node", package: "nodejs", file: fixture("conformance.mjs"))
    static let shell = Kit(name: "shell", interpreter: "bash", package: "bash", file: fixture("conformance.sh"))
    static let swift = Kit(
        name: "swift", interpreter: nil, package: "",
        file: URL(fileURLWithPath: Program.martlet).deletingLastPathComponent().path + "/KitFixture")

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private static func fixture(_ name: String) -> String { "\(root)/Tests/Fixtures/kits/\(name)" }

    var testDescription: String { name }

    /// Where the program is; nil if it is not installed.
    var executable: String? {
        guard let interpreter else { return FileManager.default.isExecutableFile(atPath: file) ? file : nil }
        return ["/usr/local/bin", "/usr/bin", "/bin"].map { "\($0)/\(interpreter)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    var isInstalled: Bool { executable != nil && FileManager.default.fileExists(atPath: file) }

    var command: [String] { interpreter.map { [$0, file] } ?? [file] }

    /// The modes it has.
    var modes: [Mode] { Mode.allCases.filter { $0 != .fork || canFork } }

    func settings(_ mode: Mode, executable: String) -> HandlerSettings {
        HandlerSettings(
            name: name, command: command, executable: executable, classes: [ClassPattern("*")], mode: mode.setting,
            threads: mode == .threads ? 4 : 1, timeout: 60, maxJobs: mode == .fork ? 1 : nil, directory: "/")
    }
}

/// How a kit is driven.
enum Mode: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case spawn, serve, threads, fork

    var setting: HandlerSettings.Mode {
        switch self {
        case .spawn: .spawn
        case .serve, .threads: .serve
        case .fork: .fork
        }
    }

    var testDescription: String { rawValue }
}
