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
    /// The process that ran it; nil if none was started.
    package let pid: Int32?
    /// What the run cost; nil if it was not among those measured.
    package var cost: RunCost?
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
