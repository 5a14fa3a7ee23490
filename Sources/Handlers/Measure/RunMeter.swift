import Configuration
import Insight
import JobModel
import Platform

/// Measures the runs of one serve process.
///
/// Only the leader touches it.
final class RunMeter {
    private struct Going {
        let run: Run
        let since: MonotonicTime
        /// Drawn at its start, so that what it turns out to be has no part in it.
        let isMeasured: Bool
        let weight: Double
        /// What a run of weight 1 had got until then.
        let shares: Shares.Use
        let memory: ProcessMemory.Start
        let seesChildren: Bool
        let printed: Int
        var isShared: Bool
    }

    /// A reading at the end of one run serves as that of the next one's start, if it comes so soon.
    private static let secondsToReuse = 0.0002
    /// The children that a process had waited for are looked at again for a run that begins after so long.
    private static let secondsOfChildren = 0.05

    private let memory: ProcessMemory
    private var processor: ProcessorGauge?
    /// Nil in a process that does one run at a time.
    private let locks: LockWaits?
    private var weights = ClassWeights()
    private var shares = Shares()
    private var going: [Going] = []
    /// A run that is not measured and is alone: unless it turns out to be long, nothing more is ever asked about it.
    private var passing: (number: Int, since: MonotonicTime)?
    /// There was such a run since the last reading.
    private var isUnread = false
    /// Bytes on stdout and stderr since the process began, by runs that were the only ones.
    private var printedBytes = 0

    init(of started: StartedHandler, handler: HandlerSettings, host: HandlerHost) {
        let pid = started.child.pid
        memory = ProcessMemory(of: pid, handler: handler.name, watch: host.memory, loop: host.loop)
        locks = handler.threads > 1 ? LockWaits(of: pid, loop: host.loop) : nil
        processor = ProcessorGauge(of: pid, in: started.group?.usage)
    }

    /// Bytes; nil if they cannot be read.
    func residentBytes() -> Int? { memory.residentBytes() }

    /// The only run of the process printed so much.
    func printed(_ count: Int) { printedBytes += count }

    // MARK: Runs

    func begin(_ run: Run, isMeasured: Bool, at now: MonotonicTime) {
        if !isMeasured, locks == nil, memory.isCurrent(at: now) {
            passing = (run.number, now)
            isUnread = true
            return
        }
        let isAlone = going.isEmpty
        if !isAlone {
            for index in going.indices { going[index].isShared = true }
        }
        if isMeasured { readForStart(isAlone: isAlone, at: now) }
        if let locks { watch(locks, isAlone: isAlone, at: now) }
        let weight = locks == nil ? 1 : weights.weight(of: run.job.route)
        shares.begin(weight: weight, at: now)
        going.append(
            Going(
                run: run, since: now, isMeasured: isMeasured, weight: weight, shares: shares.whole,
                memory: memory.begin(at: now),
                seesChildren: seesChildren(at: now), printed: printedBytes, isShared: !isAlone))
    }

    /// - Parameter known: the run of this number; asked for only if it took long.
    /// - Returns: nil if the run was not among those measured.
    func end(_ number: Int, at now: MonotonicTime, _ known: () -> Run?) -> RunCost? {
        if let since = passing?.since, passing?.number == number {
            passing = nil
            passed(known, since: since, at: now)
            return nil
        }
        guard let index = going.firstIndex(where: { $0.run.number == number }) else { return nil }
        let run = going.remove(at: index)
        let isLong = now.seconds(since: run.since) >= ProcessMemory.secondsToMatter
        if run.isMeasured {
            if isLong { processor?.lookAtChildren(now: now) }
            read(at: now)
        }
        shares.end(weight: run.weight, at: now)
        if going.count < 2 { locks?.rest(now: now) }
        let span = ProcessMemory.Span(
            run: run.run, since: run.since, isMeasured: run.isMeasured, isShared: run.isShared)
        let kept = memory.end(span, run.memory, others: { going.map(\.run.job.route) }, at: now)
        guard run.isMeasured, shares.age(at: now) < .infinity else { return nil }
        let seconds = now.seconds(since: run.since)
        let cpu = (shares.whole.cpu - run.shares.cpu) * run.weight
        let wait = (shares.whole.wait - run.shares.wait) * run.weight
        if locks != nil { weights.learn(run.run.job.route, busySeconds: cpu + wait, seconds: seconds) }
        return RunCost(
            wallSeconds: seconds, cpuSeconds: cpu, coreWaitSeconds: wait, isEstimate: run.isShared,
            seesChildren: processor?.hasGroup == true || (run.seesChildren && isLong), memory: kept,
            outputBytes: printedBytes - run.printed)
    }

    private func passed(_ known: () -> Run?, since: MonotonicTime, at now: MonotonicTime) {
        let isLong = now.seconds(since: since) >= ProcessMemory.secondsToMatter
        guard isLong || memory.isSuspicious, let run = known() else { return memory.passed() }
        let span = ProcessMemory.Span(run: run, since: since, isMeasured: false, isShared: false)
        _ = memory.end(span, memory.began(at: since), others: { [] }, at: now)
    }

    /// It was not run here after all.
    func drop(_ number: Int, at now: MonotonicTime) {
        if passing?.number == number {
            passing = nil
            return
        }
        guard let index = going.firstIndex(where: { $0.run.number == number }) else { return }
        shares.end(weight: going.remove(at: index).weight, at: now)
        memory.drop(at: now)
    }

    /// The process has ended and is about to be reaped: what runs is measured now or never.
    func processEnds(at now: MonotonicTime) {
        if !going.isEmpty { read(at: now, isLast: true) }
        memory.processEnds()
    }

    // MARK: Readings

    private func readForStart(isAlone: Bool, at now: MonotonicTime) {
        if isAlone, !isUnread, shares.age(at: now) < Self.secondsToReuse {
            shares.reuse(at: now)
            return
        }
        if let seen = processor?.childrenSeenAt, now.seconds(since: seen) > Self.secondsOfChildren {
            processor?.lookAtChildren(now: now)
        }
        read(at: now)
    }

    private func read(at now: MonotonicTime, isLast: Bool = false) {
        // Of a process that was reaped the last reading stands.
        guard var use = processor?.read(now: now, isLast: isLast) else { return }
        if let locks { use.wait += locks.seconds(now: now) }
        shares.read(use, at: now)
        isUnread = false
    }

    private func watch(_ locks: LockWaits, isAlone: Bool, at now: MonotonicTime) {
        if isAlone {
            locks.lookIdle(now: now)
        } else {
            locks.watch { [self] now in
                (going.count, processor?.read(now: now) ?? Shares.Use())
            }
        }
    }

    private func seesChildren(at now: MonotonicTime) -> Bool {
        guard let processor else { return false }
        return processor.hasGroup || now.seconds(since: processor.childrenSeenAt) <= Self.secondsOfChildren
    }
}
