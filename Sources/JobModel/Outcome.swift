/// What one run of a job came to. What follows from it is a `Verdict`.
package enum Outcome: Equatable, Sendable {
    case succeeded
    /// Retried by the job's rules.
    case failed(Failure)
    /// The handler said that trying again is pointless.
    case dead(Failure)
    /// The handler said that the job is to be dropped.
    case discarded
    /// The handler wants it run again later; no failure.
    case snoozed(seconds: Double)
    /// The daemon's own stop ended the run: never the job's fault.
    case interrupted
}
