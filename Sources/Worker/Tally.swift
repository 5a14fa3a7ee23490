import JobModel
import Queueing

/// What the runs of a worker came to: in all, for the status line, and by class since the last heartbeat, for Sidekiq's
/// metrics. (The totals in Redis move with each settlement, not with the heartbeat.)
struct Tally {
    private(set) var processed = 0
    private(set) var failed = 0
    private var classes: [JobClass: ClassMetrics] = [:]

    var hasClasses: Bool { !classes.isEmpty }

    /// Notes the end of a run. Interrupted runs count nowhere: they will run again.
    mutating func note(_ outcome: Outcome, of job: JobClass, seconds: Double) {
        switch outcome {
        case .interrupted: return
        case .failed, .died, .dead:
            processed += 1
            failed += 1
            classes[job, default: ClassMetrics()].addFailure()
        case .succeeded, .discarded, .snoozed:
            processed += 1
            classes[job, default: ClassMetrics()].addSuccess(milliseconds: Int((seconds * 1000).rounded()))
        }
    }

    /// Takes out what is to be written to Redis.
    mutating func takeClasses() -> [JobClass: ClassMetrics] {
        defer { classes.removeAll(keepingCapacity: true) }
        return classes
    }
}
