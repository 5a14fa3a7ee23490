import ArgumentParser
import Configuration
import Glibc
import Logging
import Platform
import Scheduler
import Worker

/// `martlet worker`: what the supervisor executes for each worker process.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "A worker process; started by `martlet run`.", shouldDisplay: false)

    @Option var index: Int

    func run() throws {
        let role = try RoleStart(of: "worker")
        let log = RoleLog.start(role.settings, component: "worker-\(index)", buffered: true)
        let endpoint = try RedisAccess.endpoint(role.settings)
        let status = WorkerProcess(
            settings: role.settings, endpoint: endpoint, index: index, control: role.control,
            board: role.board, version: Version.number, log: log
        ).run()
        LogSetup.flush()
        // Not exit(3): other threads of the pool may still be in a blocking call, and nothing is left to be tidied up.
        _exit(status)
    }
}

/// `martlet scheduler`: what the supervisor executes once.
struct SchedulerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scheduler", abstract: "The scheduler process; started by `martlet run`.", shouldDisplay: false)

    func run() throws {
        let role = try RoleStart(of: "scheduler")
        let log = RoleLog.start(role.settings, component: "scheduler", buffered: true)
        let endpoint = try RedisAccess.endpoint(role.settings)
        let status = SchedulerProcess(settings: role.settings, endpoint: endpoint, control: role.control, log: log)
            .run()
        LogSetup.flush()
        _exit(status)
    }
}

/// What a role finds when it starts: its end of the control channel, and the settings of its generation.
struct RoleStart {
    let control: ControlChannel
    let settings: Settings
    /// A worker's; nil if the supervisor, being of an older version, gave none.
    let board: RunningBoard?

    /// The descriptors a role is started with; see `ChildSpec`.
    private static let controlDescriptor: Int32 = 3
    private static let settingsDescriptor: Int32 = 4
    private static let boardDescriptor: Int32 = 5

    init(of role: String) throws {
        var kind: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(Self.controlDescriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 else {
            throw ValidationError("`martlet \(role)` is started by `martlet run`, not by hand")
        }
        control = ControlChannel(adopting: FileDescriptor(Self.controlDescriptor))
        board = try? RunningBoard(mapping: Self.boardDescriptor)
        if board != nil { close(Self.boardDescriptor) }
        do {
            settings = try Settings(decoding: FileDescriptor(Self.settingsDescriptor).readAll())
        } catch {
            // A supervisor of another version, after an upgrade: a restart of the whole service puts that right.
            control.send(.refused(exitCode: Exit.configuration.rawValue, reason: "cannot read the settings: \(error)"))
            throw Exit.configuration
        }
    }
}
