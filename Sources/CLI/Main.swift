import ArgumentParser

/// The one binary in all its roles. What it does is its first argument; see docs/man/martlet.1.
@main
struct Martlet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "martlet",
        abstract: "Does jobs from Redis, in Sidekiq's format, by handlers written in any language.",
        version: "martlet \(Version.number)",
        subcommands: [
            RunCommand.self,
            DevCommand.self,
            NewCommand.self,
            TryCommand.self,
            CheckCommand.self,
            PushCommand.self,
            StatusCommand.self,
            AdviseCommand.self,
            QueuesCommand.self,
            JobsCommand.self,
            ProcessesCommand.self,
            IsolatedCommand.self,
            ReferenceCommand.self,
            WorkerCommand.self,
            SchedulerCommand.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
            try Output.finish()
        } catch {
            exit(withError: error)
        }
    }
}
