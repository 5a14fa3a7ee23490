import Foundation
import Testing

@testable import Configuration

@Suite("A file that cannot be read is a problem, not a crash")
struct ConfigurationFileTests {
    private func problems(_ path: String, environment: [String: String] = [:]) -> [String] {
        switch ConfigurationReader.read(path: path, environment: environment) {
        case .success: []
        case .failure(let problems): problems.all.map(\.description)
        }
    }

    @Test("a missing file, together with the mistakes of the environment")
    func missing() {
        #expect(
            problems("/no/such.yml", environment: ["MARTLET_PROCESSES": "none"]) == [
                "/no/such.yml: cannot read the configuration: No such file or directory; name another one with -C FILE",
                "MARTLET_PROCESSES: must be a whole number from 1 to 512, the word `auto`, or bounds such as "
                    + "{ min: 2, max: 20 }, not `none`",
            ])
    }

    @Test("a directory")
    func directory() {
        #expect(problems("/tmp") == ["/tmp: cannot read the configuration: Is a directory"])
    }

    @Test("a file without end")
    func endless() {
        #expect(problems("/dev/zero") == ["/dev/zero: is larger than 1 MiB, which no configuration is"])
    }

    @Test("a file of a relative path counts from the working directory, and messages name it as it was written")
    func relative() throws {
        let here = FileManager.default.currentDirectoryPath
        let name = "martlet-\(UUID().uuidString).yml"
        try "handlers:\n".write(toFile: "\(here)/\(name)", atomically: true, encoding: .utf8)
        defer {
            do {
                try FileManager.default.removeItem(atPath: "\(here)/\(name)")
            } catch {
                Issue.record(error)
            }
        }
        let loaded = try ConfigurationReader.load(path: "./\(name)", environment: [:]).get()
        #expect(loaded.settings.file == "\(here)/\(name)")
        #expect(loaded.settings.directory == here)
        #expect(loaded.places.file == "./\(name)")
    }

    @Test("aliases that multiply are not followed")
    func bomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...20 {
            let many = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(many)]\n"
        }
        #expect(Fixture.problems(text + "queues: *a20\n").count == 21 + 1)
    }

    @Test("a thousand levels of brackets are a problem, not a crash")
    func depth() {
        #expect(!Fixture.problems("queues: " + String(repeating: "[", count: 100_000)).isEmpty)
        #expect(!Fixture.problems("queues: " + String(repeating: "{a: ", count: 100_000)).isEmpty)
    }
}
