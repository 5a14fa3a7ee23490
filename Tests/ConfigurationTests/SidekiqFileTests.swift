import JobModel
import Testing

@testable import Configuration

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
        #expect(loaded.notes.map(\.description) == ["sidekiq.yml:8:1: `my_own_option` has no effect in Martlet"])
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

    @Test("a key with and without its colon is one key twice")
    func duplicates() {
        let problems = Fixture.problems(":concurrency: 5\nconcurrency: 6\n")
        #expect(problems == ["martlet.yml:2:1: duplicate key `concurrency`: it stands on line 1 already; keep one"])
    }
}
