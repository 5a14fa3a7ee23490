import ArgumentParser

/// `martlet queues`: what one does with queues, a subcommand each.
struct QueuesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues", abstract: "List, show, pause, resume, move and clear queues.",
        subcommands: [
            QueuesListCommand.self, QueuesShowCommand.self, QueuesPauseCommand.self, QueuesResumeCommand.self,
            QueuesMoveCommand.self, QueuesClearCommand.self,
        ], defaultSubcommand: QueuesListCommand.self)
}
