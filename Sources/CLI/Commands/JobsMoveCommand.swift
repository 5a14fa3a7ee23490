import ArgumentParser
import JobModel
import Queueing

/// `martlet jobs move`: puts jobs into another queue.
struct JobsMoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Put jobs into another queue.",
        discussion: """
            Those of a queue go to the end of the other; those of a set go there now, as by `martlet jobs retry`. \
            `martlet jobs move c51bc571717edd65e934cb8e --to low`. Exit status 65 if some could not be.
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var bulk: BulkOptions
    @Option(help: ArgumentHelp("The other queue.", valueName: "queue")) var to: QueueName

    func run() throws { try bulk.run(.move(to: to), done: "moved", options) }
}
