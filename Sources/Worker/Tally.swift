import Handlers
import Insight
import JobModel
import Queueing

/// What the runs of a worker came to: in all, for the status line, and by class, for Sidekiq's metrics since the last
/// heartbeat and for `martlet advise` since costs were last sent. (The totals in Redis move with each settlement, not with
/// the heartbeat.)
struct Tally {
    /// More classes than this between two parcels are made up by somebody: the rest counts together.
    static let mostClasses = 1000
    static let others = JobClass("(other)")

    private struct Sums {
        var metrics = ClassMetrics()
        var cost = ClassCost()
    }

    private(set) var processed = 0
    private(set) var failed = 0
    private var classes: [JobClass: Sums] = [:]
    private(set) var hasClasses = false
    /// When the first run began that is not in a parcel yet.
    private var since: Timestamp?
    private var peaks: [String: MallocPeaks] = [:]

    /// Notes the end of a run. Interrupted runs count nowhere: they will run again. Those that were cancelled are processed, and
    /// say nothing of their class: neither that it fails, nor how long it takes.
    mutating func note(_ report: DispatchReport, _ outcome: Outcome, of run: Slot.Occupation) {
        let hasFailed: Bool
        switch outcome {
        case .interrupted: return
        case .cancelled:
            // Of one that waited for a process nothing was done.
            if report.pid != nil { processed += 1 }
            return
        case .failed, .notStarted, .died, .dead: hasFailed = true
        case .succeeded, .discarded, .snoozed, .suspended: hasFailed = false
        }
        processed += 1
        if hasFailed { failed += 1 }
        hasClasses = true
        if since == nil { since = run.since.wall }
        Self.add(report, of: run, hasFailed: hasFailed, to: &classes[home(of: run.job.route), default: Sums()])
        if let handler = report.handler, let memory = report.cost?.memory {
            peaks[handler, default: MallocPeaks()].add(peak: memory.highest)
        }
    }

    private static func add(
        _ report: DispatchReport, of run: Slot.Occupation, hasFailed: Bool, to sums: inout Sums
    ) {
        if hasFailed {
            sums.metrics.addFailure()
        } else {
            sums.metrics.addSuccess(milliseconds: Int((report.durationSeconds * 1000).rounded()))
        }
        // When it came to its queue has to be looked for in the payload, which costs as much as all the rest here.
        var queueSeconds: Double?
        if report.cost != nil || sums.cost.queueing.total < fewWaits, let enqueued = run.job.enqueuedAt {
            queueSeconds = run.since.wall.seconds - enqueued.seconds
        }
        sums.cost.add(
            wallSeconds: report.durationSeconds, queueSeconds: queueSeconds, hasFailed: hasFailed, cost: report.cost,
            queue: run.reservation.queue.text)
    }

    /// So many waits are noted of each class between two parcels, beside those of measured runs.
    private static let fewWaits = 100

    private func home(of job: JobClass) -> JobClass {
        classes.count < Self.mostClasses || classes[job] != nil ? job : Self.others
    }

    /// Takes out what is to be written to Redis.
    mutating func takeMetrics() -> [JobClass: ClassMetrics] {
        guard hasClasses else { return [:] }
        hasClasses = false
        var taken: [JobClass: ClassMetrics] = [:]
        for index in classes.values.indices where classes.values[index].metrics.runs > 0 {
            taken[classes.keys[index]] = classes.values[index].metrics
            classes.values[index].metrics = ClassMetrics()
        }
        return taken
    }

    /// Takes out what costs have added up since the last time; nil if there were no runs.
    ///
    /// The metrics of runs not taken yet stay.
    mutating func takeCosts() -> Costs? {
        guard let since else { return nil }
        defer {
            self.since = nil
            peaks.removeAll(keepingCapacity: true)
        }
        let costs = classes.mapValues(\.cost).filter { $0.value.runs > 0 }
        if hasClasses {
            for index in classes.values.indices { classes.values[index].cost = ClassCost() }
        } else {
            classes.removeAll(keepingCapacity: true)
        }
        return Costs(since: since, classes: costs, peaks: peaks)
    }

    /// What runs have cost from some moment on.
    struct Costs {
        var since: Timestamp
        var classes: [JobClass: ClassCost]
        /// By handler.
        var peaks: [String: MallocPeaks]
    }
}
