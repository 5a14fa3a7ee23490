/// What one run of a job came to. What follows from it is a `Verdict`.
package enum Outcome: Equatable, Sendable {
    case succeeded
    /// Retried by the job's rules.
    case failed(Failure)
    /// The handler's process could not be started, so that nothing of the job was run: it uses up few retries.
    case notStarted(Failure)
    /// The handler's process died of something that neither it nor we explain: retried by the job's rules, but counted, since
    /// a job that does this again and again is poison.
    ///
    /// - Parameter how: who died and of what, on one line: "handler killed by SIGKILL, peak memory 34 MB".
    case died(Failure, how: String)
    /// The handler said that trying again is pointless.
    case dead(Failure)
    /// The handler said that the job is to be dropped.
    case discarded
    /// The handler wants it run again later; no failure.
    case snoozed(seconds: Double)
    /// It stopped between two elements, and is to go on from there: behind the other jobs of its queue.
    case suspended
    /// The daemon's own stop ended the run: never the job's fault.
    case interrupted
    /// Somebody wanted it ended, and it did not say before that it was done.
    case cancelled(Failure)
}

extension Outcome {
    /// Why it failed, or by whom it was cancelled; nil otherwise.
    package var failure: Failure? {
        switch self {
        case .failed(let failure), .notStarted(let failure), .died(let failure, _), .dead(let failure),
            .cancelled(let failure):
            failure
        case .succeeded, .discarded, .snoozed, .suspended, .interrupted: nil
        }
    }
}
