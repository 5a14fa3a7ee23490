import ArgumentParser
import Queueing

/// `martlet processes dump`: lets a process write into its log what it is doing.
struct ProcessesDumpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "Let processes write into their log what every slot is doing.",
        discussion: """
            It takes effect at their next heartbeat, within 10 s; the answer stands in their own log. \
            `martlet processes dump web1:4711`. Exit status 65 if one could not be told.
            """)

    @Argument(help: ArgumentHelp("Processes: an identity, the beginning of one, or HOST:PID.", valueName: "id"))
    var names: [String]
    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        try OrderDelivery(names: names, json: json).run(.dump, done: "told", options) { _ in true }
    }
}
