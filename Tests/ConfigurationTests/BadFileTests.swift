import Foundation
import Testing

@testable import Configuration

@Suite("Every mistake in a file is shown, with its place and advice")
struct BadFileTests {
    @Test("a bad file gives exactly the messages beside it", arguments: try Fixture.names(in: "bad", ending: ".yml"))
    func messages(name: String) throws {
        guard case .failure(let problems) = try Fixture.decode("bad/\(name)") else {
            Issue.record("\(name) was accepted")
            return
        }
        let found = problems.description + "\n"
        let beside = "bad/\(name.dropLast(4)).expected"
        if Fixture.isPrinting {
            try found.write(to: Fixture.directory.appending(path: beside), atomically: true, encoding: .utf8)
        }
        #expect(found == (try Fixture.text(beside)))
    }

    @Test("no message repeats a password")
    func secrets() throws {
        for url in [
            "redis://user:hunter2@", "redis://:hunter2@host:port", "redis://:hunt/er2@host", "tcp://:hunter2@host",
            "redis://:hunter2@host/x", "user:hunter2@host", "unix://:hunter2@run", "redis://:hunter%2@host",
        ] {
            let problems = Fixture.problems("redis: \"\(url)\"\nhandlers:\n")
            #expect(problems.count == 1)
            #expect(!problems.joined().contains("hunt"), "\(problems)")
        }
    }

    @Test("mistakes stand in the order of the text, those of overrides after them")
    func order() {
        let problems = Fixture.problems(
            "concurrency: no\nhandlers:\n  a: 5\ntimeout: no\n", environment: ["MARTLET_TIMEOUT": "never"],
            flags: FlagOverrides(processes: "many"))
        let origins = problems.map { $0.prefix { $0 != " " } }
        #expect(
            origins == [
                "martlet.yml:1:14:", "martlet.yml:3:3:", "martlet.yml:4:10:", "--processes:", "MARTLET_TIMEOUT:",
            ])
    }
}
