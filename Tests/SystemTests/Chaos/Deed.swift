/// What is done to the service in a campaign. Victims are named by a number that is drawn with the deed: of those that
/// are there at that moment it picks one.
enum Deed: Hashable, Sendable {
    // SIGKILL
    case killWorker(HostName, victim: Int)
    case killHandler(HostName, victim: Int)
    case killScheduler(HostName)
    /// Its workers and handlers are to end by themselves; another one is started after some seconds.
    case killSupervisor(HostName, backAfter: Double)
    /// All processes of a host at once, as the OOM killer or a power cut would.
    case killHost(HostName, backAfter: Double)
    /// Redis comes back with its append-only file.
    case killRedis(backAfter: Double)

    // SIGSTOP, and SIGCONT after some seconds
    case freezeWorker(HostName, victim: Int, seconds: Double)
    case freezeScheduler(HostName, seconds: Double)

    // The way to Redis
    case cutConnections(HostName)
    case killClients
    case refuseConnections(HostName, seconds: Double)
    case slowConnections(HostName, latency: Double, seconds: Double)
    case spoil(HostName, command: String, Spoiling)
    case forgetScripts

    // What operators do
    case stop(HostName, StopManner)
    case reload(HostName)

    case moveClock(HostName, seconds: Double)

    enum HostName: String, CaseIterable, Sendable { case a, b }

    enum Spoiling: String, CaseIterable, Sendable {
        case cutBefore, cutAfter, stall, delay, halfOpen, refuse, fragment, garble
    }

    enum StopManner: String, CaseIterable, Sendable { case term, termTwice, termThenKill }
}

extension Deed {
    /// The line of the table it counts in.
    var title: String {
        switch self {
        case .killWorker: "kill -9 worker"
        case .killHandler: "kill -9 handler"
        case .killScheduler: "kill -9 scheduler"
        case .killSupervisor: "kill -9 supervisor"
        case .killHost: "kill -9 everything on a host"
        case .killRedis: "kill -9 Redis"
        case .freezeWorker(_, _, let seconds):
            seconds > Ledgers.leaseSeconds ? "worker frozen beyond its lease" : "worker frozen"
        case .freezeScheduler: "scheduler frozen"
        case .cutConnections: "connections cut"
        case .killClients: "CLIENT KILL"
        case .refuseConnections: "connections refused"
        case .slowConnections: "connections slow"
        case .spoil(_, _, let spoiling): "proxy: \(spoiling.rawValue)"
        case .forgetScripts: "SCRIPT FLUSH"
        case .stop(_, .term): "SIGTERM, start"
        case .stop(_, .termTwice): "SIGTERM twice, start"
        case .stop(_, .termThenKill): "SIGTERM, then kill -9"
        case .reload: "SIGHUP"
        case .moveClock: "wall clock moved"
        }
    }

    /// Whether somebody dies by SIGKILL.
    var isKill: Bool {
        switch self {
        case .killWorker, .killHandler, .killScheduler, .killSupervisor, .killHost, .killRedis, .stop(_, .termThenKill):
            true
        default: false
        }
    }
}
