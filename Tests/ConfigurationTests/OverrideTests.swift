import JobModel
import Testing

@testable import Configuration

@Suite("Flags win over the environment, the environment over the file")
struct OverrideTests {
    private let file = "redis: redis://file/1\nconcurrency: 3\nlog: { level: error }\nhandlers:\n"

    @Test("each variable replaces its key")
    func variables() throws {
        let settings = try Fixture.settings(
            file,
            environment: [
                "REDIS_URL": "redis://env/2", "MARTLET_CONCURRENCY": "4", "MARTLET_PROCESSES": "5",
                "MARTLET_TIMEOUT": "1m",
                "MARTLET_LOG_LEVEL": "debug", "MARTLET_LOG_FORMAT": "json",
            ])
        #expect(settings.redis == .server(RedisEndpoint(transport: .tcp(host: "env", port: 6379), database: 2)))
        #expect([settings.concurrency, settings.processes] == [4, 5])
        #expect(settings.stopTimeout == 60)
        #expect([settings.logLevel, settings.logFormat] == ["debug", "json"])
    }

    @Test("MARTLET_REDIS wins over REDIS_URL, which may then be of any sort")
    func redis() throws {
        let settings = try Fixture.settings(
            file, environment: ["REDIS_URL": "rediss://elsewhere", "MARTLET_REDIS": "embedded"])
        #expect(settings.redis == .embedded)
    }

    @Test("flags win over variables")
    func flags() throws {
        let settings = try Fixture.settings(
            file, environment: ["MARTLET_CONCURRENCY": "4", "MARTLET_REDIS": "redis://env"],
            flags: FlagOverrides(
                redis: "unix:///r.sock", processes: "2", concurrency: "7", timeout: "500ms", logLevel: "trace",
                logFormat: "text", queues: ["a,2", "b"]))
        #expect(settings.redis == .server(RedisEndpoint(transport: .unix(path: "/r.sock"))))
        #expect([settings.concurrency, settings.processes] == [7, 2])
        #expect(settings.stopTimeout == 0.5)
        #expect([settings.logLevel, settings.logFormat] == ["trace", "text"])
        #expect(settings.queues.map(\.name.text) == ["a", "b"])
        #expect(settings.queues.map(\.weight) == [2, 0])
    }

    @Test("a variable that is empty counts as not set")
    func empty() throws {
        #expect(
            try Fixture.settings(file, environment: ["MARTLET_CONCURRENCY": "", "MARTLET_REDIS": ""]).concurrency == 3)
    }

    @Test("a mistake names the variable or the flag it stands in")
    func mistakes() {
        let problems = Fixture.problems(
            file,
            environment: [
                "MARTLET_PROCESSES": "0", "REDIS_URL": "localhost", "MARTLET_LOG_LEVEL": "warn",
                "MARTLET_TIMEOUT": "-1",
            ],
            flags: FlagOverrides(concurrency: "automatic", logFormat: "jsn", queues: ["a", "a", "b,x", ""]))
        #expect(
            problems == [
                "REDIS_URL: must be a URL such as redis://127.0.0.1:6379/0 or unix:///run/redis.sock, or the word "
                    + "`embedded`; did you mean redis://localhost?",
                "MARTLET_PROCESSES: must be a whole number from 1 to 512, the word `auto`, or bounds such as "
                    + "{ min: 2, max: 20 }, not `0`",
                "--concurrency: must be a whole number from 1 to 1000, the word `auto`, or bounds such as "
                    + "{ min: 2, max: 20 }, not `automatic`",
                "MARTLET_TIMEOUT: must be a duration from 0s to 1d, such as 500ms, 5s, 5m, 2h or 1d, not `-1`",
                "MARTLET_LOG_LEVEL: must be one of trace, debug, info, notice, warning, error, critical, not `warn`; "
                    + "did you mean `warning`?",
                "--log-format: must be one of auto, text, json, journal, not `jsn`; did you mean `json`?",
                "--queue: names `a` twice; keep one",
                "--queue: gives `b` a weight that must be a whole number from 0 to 10000, not `x`",
                "--queue: holds an empty text, which cannot be a queue's name: 1 to 200 bytes, no control characters",
            ])
    }

    @Test("auto can be asked for by each, and a number over it; bounds of the file still count")
    func auto() throws {
        let usual = AutoRange(minimum: 5, maximum: 128, start: 10)
        var settings = try Fixture.settings(file, environment: ["MARTLET_CONCURRENCY": "auto"])
        #expect(settings.autoConcurrency == usual)
        #expect(settings.concurrency == 128)
        settings = try Fixture.settings(file, flags: FlagOverrides(processes: "auto", concurrency: "auto"))
        #expect(settings.autoConcurrency == usual)
        #expect(settings.autoProcesses?.minimum == 1)
        #expect(settings.processes == settings.autoProcesses?.maximum)
        let bounded = "concurrency: { min: 2, max: 8 }\nhandlers:\n"
        settings = try Fixture.settings(bounded, flags: FlagOverrides(concurrency: "auto"))
        #expect(settings.autoConcurrency == AutoRange(minimum: 2, maximum: 8, start: 8))
        settings = try Fixture.settings(bounded, flags: FlagOverrides(concurrency: "6"))
        #expect(settings.autoConcurrency == nil)
        #expect(settings.concurrency == 6)
    }

    @Test("what bounds leave out is as usual, or the next that fits")
    func bounds() throws {
        func range(_ text: String) throws -> AutoRange? {
            try Fixture.settings("concurrency: \(text)\nhandlers:\n").autoConcurrency
        }
        #expect(try range("{}") == AutoRange(minimum: 5, maximum: 128, start: 10))
        #expect(try range("{ max: 3 }") == AutoRange(minimum: 3, maximum: 3, start: 3))
        #expect(try range("{ min: 200 }") == AutoRange(minimum: 200, maximum: 200, start: 200))
        #expect(try range("{ min: 1, max: 40, start: 20 }") == AutoRange(minimum: 1, maximum: 40, start: 20))
        #expect(try Fixture.settings("processes: { max: 4 }\nhandlers:\n").autoProcesses?.maximum == 4)
    }

    @Test("a mistake in the file is shown even where a flag replaces its value")
    func fileStillJudged() {
        let problems = Fixture.problems("concurrency: 0\nhandlers:\n", flags: FlagOverrides(concurrency: "5"))
        #expect(problems.count == 1)
        #expect(
            problems.first?.hasPrefix("martlet.yml:1:14: `concurrency` must be a whole number from 1 to 1000") == true)
    }
}
