import ArgumentParser
import Configuration

/// `martlet run`: becomes the supervisor.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the workers and the scheduler, until SIGTERM.",
        discussion: """
            SIGTERM and SIGINT stop, SIGUSR1 and SIGTSTP quiet, SIGHUP reloads the configuration, SIGTTIN logs what every \
            slot is doing. See docs/reference/signals.md.
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var flags: RunFlags

    func run() throws { try Service(options: options, flags: flags.overrides()).run() }
}

/// What `run` takes on its command line besides the configuration.
struct RunFlags: ParsableArguments {
    @Option(help: ArgumentHelp("Worker processes on this host, or auto.", valueName: "n")) var processes: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("Jobs at once, per worker process, or auto.", valueName: "n"))
    var concurrency: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("How long a stop waits for running jobs.", valueName: "duration"))
    var timeout: String?
    @Option(
        name: [.customShort("q"), .customLong("queue")],
        help: ArgumentHelp("A queue to serve, instead of the file's; repeatable.", valueName: "name[,weight]"))
    var queues: [String] = []
    @Option(
        name: [.customShort("g"), .customLong("tag")],
        help: ArgumentHelp("Shown beside each process on Sidekiq's dashboard.", valueName: "tag"))
    var tag: String?
    @Option(help: ArgumentHelp("debug, info, notice, warning or error.", valueName: "level")) var logLevel: String?
    @Flag(name: .shortAndLong, help: "The same as --log-level debug.") var verbose = false
    @Option(help: ArgumentHelp("auto, text, json or journal.", valueName: "format")) var logFormat: String?

    /// - Parameter format: of the log, unless a flag says another.
    func overrides(format: String? = nil) -> FlagOverrides {
        FlagOverrides(
            processes: processes, concurrency: concurrency, timeout: timeout,
            logLevel: logLevel ?? (verbose ? "debug" : nil), logFormat: logFormat ?? format,
            queues: queues.isEmpty ? nil : queues, tag: tag)
    }
}
