package import Platform

/// Names one started child for ever; a pid is used again, this is not.
package struct ChildID: Hashable, Comparable, Sendable {
    package let number: Int

    package static func < (one: ChildID, other: ChildID) -> Bool { one.number < other.number }
}

/// What can happen to the supervisor.
package enum SupervisorEvent: Sendable {
    /// The loop runs: start the children. Once, before any other event.
    case begin
    /// An operator asks for something. `by` says how and who, for the log: "SIGTERM from pid 1 (systemd)".
    case asked(Intent, by: String)
    /// A spawn that was asked for succeeded.
    case spawned(ChildID, pid: Int32)
    /// It did not; no process exists. The reason is a sentence for the log.
    case spawnFailed(ChildID, reason: String)
    /// A child spoke on its control channel.
    case message(ChildID, ControlMessage)
    /// A message that was to be sent could not be: the channel is full or gone.
    case undelivered(ChildID, ControlMessage)
    /// A child ended and was reaped. Its last messages came before this. `how` is its end in words, for people; `running` are
    /// the reservations whose jobs a worker was running.
    case exited(ChildID, ExitStatus, how: String = "", running: [UInt64] = [])
    /// The plan that was asked for.
    case planned(Plan)
    /// There is none: the configuration has a problem, described in full.
    case planFailed(reason: String)
    /// Time passed; sent at `SupervisorState.nextDeadline` at the latest.
    case tick
}
