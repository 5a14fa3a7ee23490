import ArgumentParser
import Configuration
import Glibc
import Logging
import Platform
import Supervisor

/// `martlet run`: becomes the supervisor.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the workers and the scheduler, until SIGTERM.",
        discussion: """
            SIGTERM and SIGINT stop, SIGUSR1 and SIGTSTP quiet, SIGHUP reloads the configuration, SIGTTIN logs what every \
            slot is doing. See docs/reference/signals.md.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(help: ArgumentHelp("Worker processes on this host, or auto.", valueName: "n")) var processes: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("Jobs at once, per worker process, or auto.", valueName: "n"))
    var concurrency: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("How long a stop waits for running jobs.", valueName: "duration"))
    var timeout: String?
    @Option(
        name: [.customShort("q"), .customLong("queue")],
        help: ArgumentHelp("A queue to serve, instead of the file's; repeatable.", valueName: "name[,weight]"))
    var queues: [String] = []
    @Option(help: ArgumentHelp("debug, info, notice, warning or error.", valueName: "level")) var logLevel: String?
    @Option(help: ArgumentHelp("auto, text, json or journal.", valueName: "format")) var logFormat: String?

    func run() throws {
        let loaded = try options.load(flags: flags, provesHandlers: true)
        let log = RoleLog.start(loaded.settings, component: "supervisor", buffered: false)
        let environment = ConfigurationOptions.environment()
        do {
            let status = try supervise(loaded.settings, environment, log)
            LogSetup.flush()
            throw ExitCode(status)
        } catch let error as EmbeddedRedisError {
            Output.error("martlet: \(error)")
            throw Exit.configuration
        } catch let error as SystemError {
            Output.error("martlet: \(error)")
            throw Exit.system
        }
    }

    private func supervise(_ settings: Settings, _ environment: [String: String], _ log: Logger) throws -> Int32 {
        guard settings.redis == .embedded else {
            return try loop(settings, environment, lock: nil, log)
        }
        let lock = try EmbeddedRedis(environment).takeDirectory()
        return try loop(settings, environment, lock: lock.raw, log)
    }

    private func loop(
        _ settings: Settings, _ environment: [String: String], lock: Int32?, _ log: Logger
    ) throws -> Int32 {
        let plan = try SupervisionPlan(environment: environment, lock: lock, openFilesLimit: OpenFiles.raise())
        let cgroups = HandlerCgroups.settle(log)
        // The first plan comes from what was proved just now, those of later reloads from what the file then says.
        var first: Settings? = settings
        return SupervisorLoop(
            plan: {
                defer { first = nil }
                let settings = try first ?? reloaded(keeping: settings)
                let plan = try plan.plan(settings, environment)
                for warning in cgroups.warnings(of: settings.handlers) { log.warning("\(warning)") }
                return plan
            }, delegation: cgroups.delegation, log: log
        ).run()
    }

    private var flags: FlagOverrides {
        FlagOverrides(
            processes: processes, concurrency: concurrency, timeout: timeout, logLevel: logLevel,
            logFormat: logFormat, queues: queues.isEmpty ? nil : queues)
    }

    /// What the file says now; all its mistakes as one error, for the log.
    private func reloaded(keeping old: Settings) throws -> Settings {
        let new = try options.read(flags: flags, provesHandlers: true).get().settings
        guard (new.redis == .embedded) == (old.redis == .embedded) else {
            let advice = "`redis` cannot change to or from `embedded` by a reload; restart instead"
            throw Problems([Problem(file: new.file, message: advice)])
        }
        return new
    }
}
