package import Insight
package import JobModel

/// What one run came to. Its slot is free when this is reported, unless it was said to be written off.
package struct DispatchReport: Sendable {
    package let slot: Int
    /// `Run.number` of the run that ended.
    package let number: Int
    package let outcome: Outcome
    /// Raw JSON objects the handler pushed, in its order; empty unless the outcome is acked. Each has passed `JobDraft.prepare`.
    package let children: [[UInt8]]
    /// From the hand-over to the handler (not the wait for one) to the outcome.
    package let durationSeconds: Double
    /// The handler's configured name; nil if the class has none.
    package let handler: String?
    /// The process that ran it; nil if the run was not begun: it waited for one, or none could be started.
    package let pid: Int32?
    /// What the run cost; nil if it was not among those measured.
    package var cost: RunCost?
}

/// Children that a run wants enqueued while it goes on, together with how far it has come.
package struct ChunkReport: Sendable {
    package let slot: Int
    /// Raw JSON objects, in the handler's order; at most 10,000, and what fits into a line of 1 MiB. May be empty.
    package let jobs: [[UInt8]]
    /// One JSON value of at most `Checkpoint.longest` bytes, on one line; nil to leave the job's as it is.
    package let checkpoint: [UInt8]?
    /// Whether the run's process may have others: it cannot be held or ended without them.
    package let sharesProcess: Bool
}

/// How far a run has come that does its job element by element.
package struct IterationReport: Equatable, Sendable {
    package let slot: Int
    /// `Run.number`.
    package let number: Int
    /// One JSON value of at most `IterationState.longestCursor` bytes: the element that comes next. Nil if it asks where to go
    /// on, which `Dispatcher.tell` answers.
    package let cursor: [UInt8]?
}

/// A sign of life from a run that goes on.
package struct ProgressReport: Equatable, Sendable {
    package let slot: Int
    /// `Run.number`.
    package let number: Int
    /// 0...100 by convention; passed on as the handler wrote it.
    package let percent: Double?
    package let note: String?
}
