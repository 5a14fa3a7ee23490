import ArgumentParser
import Queueing

/// `martlet jobs delete`: removes jobs that wait, or are dead, for ever.
struct JobsDeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete jobs that wait, or are dead, for ever.",
        discussion: """
            `martlet jobs delete --in dead --older-than 30d --yes`. Exit status 65 if some could not be; jobs that run are ended \
            by `martlet jobs cancel`.
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var bulk: BulkOptions

    func run() throws { try bulk.run(.delete, done: "deleted", options) }
}
