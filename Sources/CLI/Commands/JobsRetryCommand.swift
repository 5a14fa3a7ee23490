import ArgumentParser
import Queueing

/// `martlet jobs retry`: puts jobs into their queues before their time, or from the dead set.
struct JobsRetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Put jobs of the retry set, the schedule or the dead set into their queues now.",
        discussion: """
            As a dashboard's "retry now": what fails again has as many retries left as before. \
            `martlet jobs retry --in dead --class ReportJob --older-than 2h --yes`. Exit status 65 if some could not be.
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var bulk: BulkOptions

    func run() throws { try bulk.run(.retry, done: "retried", options) }
}
