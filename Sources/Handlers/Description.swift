package import Platform

/// How far a run has come, for people.
package enum RunStanding: String, Sendable {
    /// No process of its handler has room for it yet.
    case waiting
    case running
    /// Its process was asked to end: its time is up, or the slot is wanted back.
    case ending
    /// Its process was sent SIGKILL and is still there.
    case killed
}

/// What one slot is doing, for people.
package struct SlotDescription: Equatable, Sendable {
    package let slot: Int
    /// `Run.number`.
    package let number: Int
    package let jid: String?
    package let jobClass: String
    package let queue: String
    package let attempt: Int
    package let handler: String
    /// nil while the run waits for a process.
    package let pid: Int32?
    package let standing: RunStanding
    /// Since the hand-over to the handler, or since it began to wait for one.
    package let seconds: Double
    /// The time limit that will end the run, in seconds; nil if its handler has none.
    package let timeout: Double?
}

/// A slot goes out of service, or comes back: the kernel holds a killed process that had it.
package enum SlotChange: Equatable, Sendable {
    case writtenOff(Int)
    case returned(Int)
}

/// A slot that is out of service, because the killed process that had it, or one that was left behind, does not end.
package struct WrittenOffSlot: Equatable, Sendable {
    package let slot: Int
    /// The handler's configured name.
    package let handler: String
    package let pid: Int32
    /// Of the job the process ran, which was settled when the slot was written off.
    package let jid: String?
    package let since: MonotonicTime
}

/// The processes of one serve handler, for people.
package struct PoolDescription: Equatable, Sendable {
    package let handler: String
    /// These do the classes that are kept apart, each process one run.
    package let isIsolated: Bool
    /// Of mode fork; nil otherwise.
    package let preloader: PreloaderDescription?
    package let starting: Int
    package let idle: Int
    package let busy: Int
    /// On their way out: recycled, quiet or being ended.
    package let leaving: Int
    /// Killed, and not ending.
    package let stuck: Int
    /// Jobs that wait for a process.
    package let waiting: Int
    /// Failed starts since the last that succeeded.
    package let startFailures: Int
    /// Why the last one failed; nil since one succeeded.
    package let startFailure: String?
    /// nil unless the last start failed.
    package let secondsToNextStart: Double?
}

/// The process that forks those of a handler, for people.
package struct PreloaderDescription: Equatable, Sendable {
    /// nil while none is ready.
    package let pid: Int32?
    /// Since it was ready.
    package let seconds: Double?
    /// That it has forked and that are not reaped.
    package let children: Int
    /// One loads its program, to be the first or the next.
    package let isLoading: Bool
    /// Failed starts since the last that succeeded.
    package let startFailures: Int
    package let startFailure: String?
}
