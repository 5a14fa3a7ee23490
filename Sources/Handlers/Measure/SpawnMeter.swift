import Glibc
import Insight
import Platform

/// Measures one run that has a process of its own.
struct SpawnMeter {
    private let pid: Int32
    /// The run may have waited before for somebody to make its process.
    private let since: MonotonicTime
    private let group: HandlerGroup?
    /// What its first thread waited for a core, in seconds.
    private var wait = 0.0
    /// When its end was seen: ending what it left behind takes time that is not the run's.
    private var until = MonotonicTime.never
    /// On stdout and stderr.
    var printedBytes = 0

    init(of started: StartedHandler) {
        pid = started.child.pid
        since = started.child.since
        group = started.group
    }

    /// The process has ended and was not reaped yet.
    mutating func processEnds() {
        until = .now()
        // Once for each process: not worth a kept descriptor.
        wait = KeptFile("/proc/\(pid)/schedstat")?.read { $0.number(at: 1) }.map { Double($0) / 1e9 } ?? 0
    }

    /// - Parameter report: of the process, and of the children it waited for.
    func cost(_ report: ExitReport, at now: MonotonicTime) -> RunCost {
        // What nobody waited for and was killed with it is known to the cgroup alone.
        let all = group.flatMap { group in group.usedSeconds.map { $0 - group.usedBefore } } ?? 0
        return RunCost(
            wallSeconds: min(now, until).seconds(since: since), cpuSeconds: max(report.cpuSeconds, all),
            coreWaitSeconds: wait,
            seesChildren: true,
            memory: Self.peakBytes(report).map { MemoryCost(before: nil, peak: $0, after: nil) },
            outputBytes: printedBytes)
    }

    /// Until it was executed the process had our memory, see vfork(2), and the kernel counts that among its own: what is no
    /// more than ours says nothing.
    static func peakBytes(_ report: ExitReport) -> Int? {
        if let peak = report.shortage?.peakBytes { return peak }
        var ours = rusage()
        guard getrusage(RUSAGE_SELF.rawValue, &ours) == 0, report.maximumResidentKB > ours.ru_maxrss else { return nil }
        return report.maximumResidentKB << 10
    }
}
