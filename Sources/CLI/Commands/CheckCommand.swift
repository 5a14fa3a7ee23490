import ArgumentParser
import Configuration
import JobModel
import Queueing
import Redis

/// `martlet check`: proves a configuration and what it names.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Prove the configuration: the file, the handlers, Redis.",
        discussion: """
            Prints every mistake as file:line:column: message. Exit status 0 if there is none, 78 if the configuration or \
            a handler has one, 69 if Redis cannot be reached or is not fit for jobs.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Look at the file and the handlers only.") var offline = false

    func run() throws {
        let loaded = try options.load(provesHandlers: true)
        let settings = loaded.settings
        // Of this host alone it can be said without Redis, too.
        try PoolCheck(loaded, living: [:]).prove()
        Output.line("\(settings.file): no mistakes")
        Output.line(
            "  \(Self.count(settings.processes, settings.autoProcesses)) "
                + "\(settings.processes == 1 ? "process" : "processes") x "
                + "\(Self.count(settings.concurrency, settings.autoConcurrency)) slots, "
                + "queues \(settings.queues.map(\.name.text).joined(separator: ", "))")
        for capsule in settings.capsules {
            Output.line(
                "  capsule \(capsule.name): \(capsule.concurrency) slots, "
                    + "queues \(capsule.queues.map(\.name.text).joined(separator: ", "))")
        }
        if let summary = loaded.sidekiq { Output.line("  \(SidekiqReport.line(summary))") }
        for handler in settings.handlers {
            let classes = handler.classes.map(\.text).joined(separator: ", ")
            Output.line("  handler \(handler.name) (\(handler.mode.rawValue)): \(handler.executable) for \(classes)")
        }
        if settings.handlers.isEmpty {
            Output.error("\(settings.file): warning: no handlers: every job will fail until one takes its class")
            if loaded.sidekiq != nil { Output.error(SidekiqReport.suggestion(settings)) }
        }
        if !offline { try checkRedis(loaded) }
    }

    /// "10", or "5 to 128" if it is found by measurement.
    private static func count(_ number: Int, _ range: AutoRange?) -> String {
        range.map { "\($0.minimum) to \($0.maximum)" } ?? String(number)
    }

    private func checkRedis(_ loaded: LoadedConfiguration) throws {
        let settings = loaded.settings
        guard case .server(let endpoint) = settings.redis else {
            let directory = try EmbeddedRedis(ConfigurationOptions.environment()).directory
            return Output.line("  redis embedded: data in \(directory)")
        }
        let (lacks, facts, connections) = try RedisAccess.with(settings) { redis in
            let lacks = try AccessRights.lacks(of: redis, queues: settings.allQueues, as: settings.sidekiq)
            guard lacks.isEmpty else { return (lacks, nil as ServerFacts?, [:] as [String: [String: Int]]) }
            return (lacks, try ServerFacts.read(redis), try ProcessOrigin.connectionsByHost(redis))
        }
        guard let facts else {
            let user = endpoint.username ?? "default"
            let list = lacks.map(\.description).joined(separator: ", ")
            Output.error(
                "\(settings.file): \(endpoint.redacted): the user \(user) lacks \(list); "
                    + "see config/martlet.acl for what it needs")
            throw Exit.unavailable
        }
        if let objection = facts.objection(allowEviction: false) {
            Output.error("\(settings.file): \(endpoint.redacted): \(objection)")
            throw Exit.unavailable
        }
        let server = facts.product.isEmpty ? "a server that does not say its version" : facts.product
        let policy = facts.maxmemoryPolicy.isEmpty ? "" : ", maxmemory-policy \(facts.maxmemoryPolicy)"
        Output.line("  redis \(endpoint.redacted): \(server)\(policy)")
        let pools = PoolCheck(loaded, living: connections)
        try pools.prove()
        for line in pools.lines { Output.line("  \(line)") }
    }
}
