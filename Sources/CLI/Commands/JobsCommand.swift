import ArgumentParser

/// `martlet jobs`: what one does with jobs, a subcommand each.
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "List, show, search, retry, move, kill, delete and cancel jobs.",
        subcommands: [
            JobsListCommand.self, JobsShowCommand.self, JobsSearchCommand.self, JobsRetryCommand.self,
            JobsMoveCommand.self, JobsRescheduleCommand.self, JobsKillCommand.self, JobsDeleteCommand.self,
            JobsCancelCommand.self,
        ])
}
