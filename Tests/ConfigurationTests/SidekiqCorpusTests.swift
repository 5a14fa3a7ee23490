import Foundation
import JobModel
import Testing

@testable import Configuration

@Suite("Sidekiq files of all shapes are read, and what has no effect is said")
struct SidekiqCorpusTests {
    private static let variables = ["RAILS_ENV": "production", "RAILS_MAX_THREADS": "7", "QUEUE_PREFIX": "blue"]

    @Test(
        "a file comes to exactly what stands beside it", arguments: try Fixture.names(in: "sidekiq", ending: ".yml"))
    func meaning(name: String) throws {
        let text = try Fixture.text("sidekiq/\(name)")
        let found = Self.described(
            Fixture.decode(Array(text.utf8), name: "sidekiq.yml", environment: Self.variables))
        let beside = "sidekiq/\(name.dropLast(4)).expected"
        if Fixture.isPrinting {
            try found.write(to: Fixture.directory.appending(path: beside), atomically: true, encoding: .utf8)
        }
        #expect(found == (try Fixture.text(beside)))
    }

    private static func described(_ result: Result<LoadedConfiguration, Problems>) -> String {
        switch result {
        case .failure(let problems): return "\(problems)\n"
        case .success(let loaded):
            let settings = loaded.settings
            var lines = [
                "concurrency \(settings.concurrency)", "queues \(queues(settings.queues))",
                "timeout \(settings.stopTimeout)", "tag \(settings.tag)",
                "labels \(settings.labels.joined(separator: " "))",
                "log \(settings.logLevel)", "max_retries \(settings.maximumRetries)",
                "dead \(settings.deadMaximumJobs) \(settings.deadTimeout)",
            ]
            lines += settings.capsules.map { "capsule \($0.name) \($0.concurrency) \(queues($0.queues))" }
            lines += settings.handlers.map { "handler \($0.name)" }
            if case .server(let endpoint) = settings.redis, endpoint != RedisEndpoint() {
                lines.append("redis \(endpoint.redacted)")
            }
            lines += settings.iterationRuntime.map { ["iteration \($0)"] } ?? []
            lines.append("taken \(loaded.sidekiq?.taken.joined(separator: " ") ?? "as Martlet's")")
            return (lines + loaded.notes.map(\.description)).joined(separator: "\n") + "\n"
        }
    }

    private static func queues(_ settings: [QueueSetting]) -> String {
        settings.map { "\($0.name.text):\($0.weight)" }.joined(separator: " ")
    }
}
