import JobModel
import Testing

@testable import Configuration

extension RedisSettings {
    fileprivate var host: String? {
        guard case .server(let endpoint) = self, case .tcp(let host, _) = endpoint.transport else { return nil }
        return host
    }
}

@Suite("Sidekiq's own file is read")
struct SidekiqFileTests {
    @Test("queues, limits, labels and handlers beside them")
    func base() throws {
        let loaded = try Fixture.decode("good/sidekiq.yml").get()
        let settings = loaded.settings
        #expect(settings.concurrency == 5)
        #expect(settings.stopTimeout == 8)
        #expect(settings.logLevel == "debug")
        #expect(settings.maximumRetries == 7)
        #expect(settings.deadTimeout == 3600)
        #expect(settings.labels == ["blue"])
        #expect(settings.queues.map(\.name.text) == ["critical", "default", "low"])
        #expect(settings.queues.map(\.weight) == [2, 3, 0])
        #expect(settings.handlers.map(\.name) == ["all"])
        #expect(
            loaded.notes.map(\.description) == [
                "sidekiq.yml:7:1: `logged_job_attributes` has no effect in Martlet: which fields a line has stands in "
                    + "docs/reference/cli.md",
                "sidekiq.yml:8:1: `my_own_option` has no effect in Martlet",
            ])
        #expect(loaded.sidekiq?.environment == "development")
        #expect(loaded.sidekiq?.hasSection == false)
        #expect(settings.tag == "martlet", "the name of the directory")
    }

    @Test(
        "the section named like the environment is merged over the rest",
        arguments: [("APP_ENV", "production", 25), ("RAILS_ENV", "staging", 10), ("RACK_ENV", "test", 5)])
    func sections(variable: String, environment: String, concurrency: Int) throws {
        let settings = try Fixture.decode("good/sidekiq.yml", environment: [variable: environment]).get().settings
        #expect(settings.concurrency == concurrency)
        #expect(settings.stopTimeout == 8)
    }

    @Test("a queue that is named twice adds up, as Sidekiq counts it")
    func repeated() throws {
        let settings = try Fixture.settings(":queues: [[a, 2], b, [a, 3], b]\n")
        #expect(settings.queues.map(\.name.text) == ["a", "b"])
        #expect(settings.queues.map(\.weight) == [5, 0])
    }

    @Test("a file with a key that only Martlet has is Martlet's, and Sidekiq's keys are mistakes in it")
    func ours() {
        let problems = Fixture.problems("verbose: true\nhandlers:\n")
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("martlet.yml:1:1: unknown key `verbose`; known here are") == true)
    }

    @Test("a file called sidekiq.yml is Sidekiq's, whatever else is in it")
    func byName() throws {
        let text = "queues:\n  - a\n  - :b\nhandlers:\ntimout: 5\n"
        let loaded = try Fixture.decode(Array(text.utf8), name: "sidekiq.yml").get()
        #expect(loaded.settings.queues.map(\.name.text) == ["a", "b"])
        #expect(
            loaded.notes.map(\.description) == [
                "sidekiq.yml:5:1: `timout` has no effect in Martlet; did you mean `timeout`?",
                "sidekiq.yml:1:1: `concurrency` is not said, so it is 5, as since Sidekiq 7 (before, it was 10)",
            ])
    }

    @Test("the flag -e says which section counts, over the environment")
    func section() throws {
        let loaded = try Fixture.decode(
            "good/sidekiq.yml", environment: ["APP_ENV": "staging"], flags: FlagOverrides(environment: "production")
        ).get()
        #expect(loaded.settings.concurrency == 25)
        #expect(loaded.sidekiq?.environment == "production")
        #expect(loaded.sidekiq?.hasSection == true)
    }

    @Test(
        "RAILS_MAX_THREADS is the number of slots where nothing else says it",
        arguments: [
            (":timeout: 5\n", [:], "7"), (":concurrency: 3\n", [:], "3"),
            (":timeout: 5\n", ["MARTLET_CONCURRENCY": "4"], "4"), ("handlers:\n", [:], "10"),
        ] as [(String, [String: String], String)])
    func maximumThreads(file: String, more: [String: String], slots: String) throws {
        let environment = ["RAILS_MAX_THREADS": "7"].merging(more) { $1 }
        #expect(String(try Fixture.settings(file, environment: environment).concurrency) == slots)
    }

    @Test("a mistake in RAILS_MAX_THREADS is one only where it counts")
    func mistakenThreads() {
        let environment = ["RAILS_MAX_THREADS": "many"]
        #expect(
            Fixture.problems(":timeout: 5\n", environment: environment)
                == ["RAILS_MAX_THREADS: must be a whole number from 1 to 1000, not `many`"])
        #expect(Fixture.problems(":concurrency: 5\n", environment: environment) == [])
        #expect(
            Fixture.problems(":timeout: 5\n", environment: environment, flags: FlagOverrides(concurrency: "2")) == [])
        #expect(Fixture.problems("handlers:\n", environment: environment) == [])
    }

    @Test("REDIS_PROVIDER names the variable that holds the URL")
    func provider() throws {
        let environment = [
            "REDIS_PROVIDER": "CLOUD_URL", "CLOUD_URL": "redis://cloud:1", "REDIS_URL": "redis://other:2",
        ]
        #expect(try Fixture.settings("handlers:\n", environment: environment).redis.host == "cloud")
        let ours = environment.merging(["MARTLET_REDIS": "redis://ours:3"]) { $1 }
        #expect(try Fixture.settings("handlers:\n", environment: ours).redis.host == "ours")
        #expect(
            Fixture.problems("handlers:\n", environment: ["REDIS_PROVIDER": "redis://secret@h:1"])
                == [
                    "REDIS_PROVIDER: must be the name of the variable that holds the URL; for a URL there is MARTLET_REDIS"
                ])
        #expect(
            Fixture.problems("handlers:\n", environment: ["REDIS_PROVIDER": "CLOUD_URL", "REDIS_URL": "redis://h"])
                == ["REDIS_PROVIDER: names the variable `CLOUD_URL`, which is not set"])
        #expect(
            Fixture.problems("handlers:\n", environment: ["REDIS_PROVIDER": "CLOUD_URL", "CLOUD_URL": "nonsense"])
                .first?.hasPrefix("CLOUD_URL: ") == true)
    }

    @Test(
        "the tag is the application's directory, as Sidekiq calls it",
        arguments: [
            ("/srv/shop/config", "shop"), ("/srv/shop", "shop"), ("/srv/shop/releases/20261122/config", "shop"),
            ("/srv/shop/current/config", "shop"), ("/", ""), ("/config", ""),
        ])
    func tag(directory: String, tag: String) {
        #expect(SidekiqFile.tag(directory) == tag)
    }

    @Test("a key with and without its colon is one key twice")
    func duplicates() {
        let problems = Fixture.problems(":concurrency: 5\nconcurrency: 6\n")
        #expect(problems == ["martlet.yml:2:1: duplicate key `concurrency`: it stands on line 1 already; keep one"])
    }
}
