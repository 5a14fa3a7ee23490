import ArgumentParser

/// `martlet processes`: what one does with worker processes, Sidekiq's own too, a subcommand each.
struct ProcessesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "processes", abstract: "List, show, quiet and stop worker processes, on any host.",
        subcommands: [
            ProcessesListCommand.self, ProcessesShowCommand.self, ProcessesQuietCommand.self,
            ProcessesStopCommand.self, ProcessesDumpCommand.self,
        ], defaultSubcommand: ProcessesListCommand.self)
}
