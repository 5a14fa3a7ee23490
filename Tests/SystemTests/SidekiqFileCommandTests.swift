import Foundation
import TestSupport
import Testing

@Suite("Commands with a file of Sidekiq's")
struct SidekiqFileCommandTests {
    private let place = TemporaryDirectory()

    private func write(_ text: String, to name: String) throws {
        let file = URL(filePath: "\(place.path)/\(name)")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: file, atomically: true, encoding: .utf8)
    }

    private func martlet(_ arguments: String..., environment: String...) -> Program {
        Program.run(
            [Program.martlet] + arguments, environment: Program.cleanEnvironment + environment, directory: place.path)
    }

    @Test("check says what was taken, what has no effect, and suggests handlers that can be used as they are")
    func check() throws {
        let file = ":queues: [[mail, 2], [low, 1]]\n:require: ./app.rb\nproduction:\n  :concurrency: <%= 6 %>\n"
        try write(file, to: "config/sidekiq.yml")
        let bare = martlet("check", "--offline", "-C", "config/sidekiq.yml", "-e", "production")
        #expect(bare.code == 0, "\(bare.errors)")
        #expect(bare.output.contains("1 process x 6 slots, queues mail, low"))
        #expect(bare.output.contains("with its section production; taken: queues, concurrency"))
        #expect(bare.errors.contains("config/sidekiq.yml:2:1: `require` has no effect in Martlet: handlers load"))
        let suggestion = try #require(bare.errors.range(of: "\nhandlers:\n"))
        let handlers = bare.errors[suggestion.lowerBound...].replacingOccurrences(of: "/usr/bin/ruby", with: "/bin/sh")
        try write(file + handlers, to: "config/sidekiq.yml")
        let whole = martlet("check", "--offline", "-C", "config/sidekiq.yml")
        #expect(whole.code == 0, "\(whole.errors)")
        #expect(whole.output.contains("handler ruby (fork): /bin/sh for *"))
        #expect(whole.output.contains("1 process x 5 slots"), "another environment")
        #expect(!whole.errors.contains("no handlers"))
    }

    @Test("without a configuration the one that Sidekiq would take is named, and not taken")
    func search() throws {
        #expect(!martlet("check").errors.contains("sidekiq.yml"))
        try write(":queues: [a]\n", to: "config/sidekiq.yml")
        let found = martlet("check")
        #expect(found.code == 78)
        #expect(found.errors.hasSuffix("name one with -C FILE, such as -C config/sidekiq.yml, which is there\n"))
    }

    @Test("status beside the service does not repeat what has no effect")
    func quiet() throws {
        let server = RedisServer()
        defer { server.stop() }
        try write(":queues: [a]\n:require: ./app.rb\n", to: "sidekiq.yml")
        let url = "unix://\(server.socketPath)"
        let status = martlet(
            "status", "-C", "sidekiq.yml", environment: "REDIS_PROVIDER=CLOUD_URL", "CLOUD_URL=\(url)")
        #expect(status.code == 0 && status.errors.isEmpty, "\(status.errors)")
        #expect(martlet("status", environment: "REDIS_PROVIDER=CLOUD_URL", "CLOUD_URL=\(url)").code == 0)
        #expect(martlet("status", environment: "REDIS_PROVIDER=CLOUD_URL").code == 78)
    }

    @Test("run takes Sidekiq's flags")
    func flags() throws {
        let bad = martlet("run", "-C", "none.yml", "-e", "production", "-g", "shop", "-v", "-q", "a,2", "-c", "x")
        #expect(bad.code == 78)
        #expect(bad.errors.contains("--concurrency: must be") && !bad.errors.contains("--tag"))
    }
}
