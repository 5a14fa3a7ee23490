import ArgumentParser
import Configuration
import Glibc
import Logging
import Platform
import Supervisor

/// The service, as its supervisor: what `martlet run` and `martlet dev` become.
struct Service {
    let options: ConfigurationOptions
    let flags: FlagOverrides
    /// What holds over flags, environment and file, at the start and at each reload.
    var adjust: (inout Settings) -> Void = { _ in }

    /// Runs until SIGTERM. Ends the program by throwing its exit status.
    func run() throws {
        var settings = try options.load(flags: flags, provesHandlers: true).settings
        adjust(&settings)
        let log = RoleLog.start(settings, component: "supervisor", buffered: false)
        let environment = ConfigurationOptions.environment()
        do {
            let status = try supervise(settings, environment, log)
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

    /// What the file says now; all its mistakes as one error, for the log.
    private func reloaded(keeping old: Settings) throws -> Settings {
        var new = try options.read(flags: flags, provesHandlers: true).get().settings
        adjust(&new)
        guard (new.redis == .embedded) == (old.redis == .embedded) else {
            let advice = "`redis` cannot change to or from `embedded` by a reload; restart instead"
            throw Problems([Problem(file: new.file, message: advice)])
        }
        return new
    }
}
