package import Logging
package import Platform

/// What the loop is to do; it decides nothing itself.
package enum SupervisorAction: Equatable, Sendable {
    /// Start a child and answer with `spawned` or `spawnFailed`.
    case spawn(ChildID, ChildSpec, settings: [UInt8])
    case signal(ChildID, Signal)
    /// Send on the child's control channel; answer with `undelivered` if that cannot be done.
    case send(ChildID, ControlMessage)
    /// Kill and reap what a dead worker left behind: every process that was handed to us and is not a child we know.
    case killStrays
    /// Read the configuration; answer with `planned` or `planFailed`.
    case makePlan
    case notify(Notice)
    case log(Logger.Level, String)
    /// End, leaving nothing behind, with this exit status.
    case exit(Int32)

    /// What systemd is told (sd_notify(3)).
    package enum Notice: Equatable, Sendable {
        case ready(status: String)
        case reloading
        case stopping
        case status(String)
        case watchdog
    }
}
