import ArgumentParser
import Queueing

/// `martlet jobs kill`: puts jobs that wait into the dead set.
struct JobsKillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "Put jobs that wait into the dead set, as they are.",
        discussion: """
            They can be put back by `martlet jobs retry`. `martlet jobs kill --in retry --error 'Net::*' --yes`. \
            Exit status 65 if some could not be; jobs that run are ended by `martlet jobs cancel`.
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var bulk: BulkOptions

    func run() throws { try bulk.run(.kill, done: "killed", options) }
}
