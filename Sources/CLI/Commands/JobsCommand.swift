import ArgumentParser

/// `martlet jobs`: what one does with single jobs, a subcommand each.
struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Do something with single jobs, wherever they are.",
        subcommands: [JobsCancelCommand.self])
}
