import Insight
import Platform

/// Measures the runs of one serve process.
///
/// Only the leader touches it.
final class RunMeter {
    private struct Going {
        let number: Int
        let since: MonotonicTime
        /// Drawn at its start, so that what it turns out to be has no part in it.
        let isMeasured: Bool
        /// What a run of weight 1 had got until then.
        let shares: Shares.Use
        /// How much memory the process had, and whether that was read for this run.
        let memory: MemoryGauge.Reading?
        let isFresh: Bool
        /// The peak since its start can be asked for.
        let hasPeak: Bool
        let seesChildren: Bool
        let printed: Int
        var isShared: Bool
    }

    /// A reading at the end of one run serves as that of the next one's start, if it comes so soon.
    private static let secondsToReuse = 0.0002
    /// Memory that was read so long ago is read again for a run that begins. In less time nothing grows by what matters.
    private static let secondsOfMemory = 0.005
    /// Runs shorter than this touch no 64 MB, and start no program that would matter.
    private static let secondsToMatter = 0.002
    /// Runs as long as this pay for looking at their peak.
    private static let secondsForPeak = 0.005
    /// The children that a process had waited for are looked at again for a run that begins after so long.
    private static let secondsOfChildren = 0.05

    private let memory: MemoryGauge?
    private var processor: ProcessorGauge?
    private var shares = Shares()
    private var going: [Going] = []
    /// Bytes on stdout and stderr since the process began, by runs that were the only ones.
    private var printedBytes = 0
    private var lastMemory: (reading: MemoryGauge.Reading, at: MonotonicTime)?

    /// - Parameter group: the usage file of the process's own cgroup; nil for none.
    init(of pid: Int32, in group: KeptFile?) {
        memory = MemoryGauge(of: pid)
        processor = ProcessorGauge(of: pid, in: group)
    }

    /// Bytes; nil if they cannot be read.
    func residentBytes() -> Int? { memory?.residentBytes() }

    /// The only run of the process printed so much.
    func printed(_ count: Int) { printedBytes += count }

    // MARK: Runs

    func begin(_ number: Int, isMeasured: Bool, at now: MonotonicTime) {
        let isAlone = going.isEmpty
        if !isAlone {
            for index in going.indices { going[index].isShared = true }
        }
        if isMeasured { readForStart(isAlone: isAlone, at: now) }
        var hasPeak = false
        var isFresh = false
        if lastMemory.map({ now.seconds(since: $0.at) > Self.secondsOfMemory }) ?? true {
            readMemory(at: now)
            isFresh = true
            hasPeak = isAlone && memory?.forgetPeak() ?? false
        }
        shares.begin(weight: 1, at: now)
        going.append(
            Going(
                number: number, since: now, isMeasured: isMeasured, shares: shares.whole,
                memory: lastMemory?.reading, isFresh: isFresh, hasPeak: hasPeak,
                seesChildren: seesChildren(at: now), printed: printedBytes, isShared: !isAlone))
    }

    /// - Returns: nil if the run was not among those measured.
    func end(_ number: Int, at now: MonotonicTime) -> RunCost? {
        guard let index = going.firstIndex(where: { $0.number == number }) else { return nil }
        let run = going.remove(at: index)
        let seconds = now.seconds(since: run.since)
        if seconds >= Self.secondsToMatter || (run.isMeasured && run.isFresh) { readMemory(at: now) }
        var cost: RunCost?
        if run.isMeasured {
            if seconds >= Self.secondsToMatter { processor?.lookAtChildren(now: now) }
            cost = read(at: now) ? self.cost(of: run, seconds: seconds) : nil
        }
        shares.end(weight: 1, at: now)
        return cost
    }

    /// It was not run here after all.
    func drop(_ number: Int, at now: MonotonicTime) {
        guard let index = going.firstIndex(where: { $0.number == number }) else { return }
        going.remove(at: index)
        shares.end(weight: 1, at: now)
    }

    /// The process has ended and is about to be reaped: what runs is measured now or never.
    func processEnds(at now: MonotonicTime) {
        guard !going.isEmpty, let use = processor?.read(now: now, isLast: true) else { return }
        shares.read(use, at: now)
    }

    // MARK: Readings

    private func readForStart(isAlone: Bool, at now: MonotonicTime) {
        if isAlone, shares.age(at: now) < Self.secondsToReuse {
            shares.reuse(at: now)
            return
        }
        if let seen = processor?.childrenSeenAt, now.seconds(since: seen) > Self.secondsOfChildren {
            processor?.lookAtChildren(now: now)
        }
        read(at: now)
    }

    @discardableResult
    private func read(at now: MonotonicTime) -> Bool {
        guard let use = processor?.read(now: now) else { return shares.age(at: now) < .infinity }
        shares.read(use, at: now)
        return true
    }

    private func readMemory(at now: MonotonicTime) {
        guard let reading = memory?.read() else { return }
        lastMemory = (reading, now)
    }

    private func seesChildren(at now: MonotonicTime) -> Bool {
        guard let processor else { return false }
        return processor.hasGroup || now.seconds(since: processor.childrenSeenAt) <= Self.secondsOfChildren
    }

    private func cost(of run: Going, seconds: Double) -> RunCost {
        let isLong = seconds >= Self.secondsToMatter
        var cost = RunCost(
            wallSeconds: seconds, cpuSeconds: shares.whole.cpu - run.shares.cpu,
            coreWaitSeconds: shares.whole.wait - run.shares.wait, isEstimate: run.isShared,
            seesChildren: processor?.hasGroup == true || (run.seesChildren && isLong),
            outputBytes: printedBytes - run.printed)
        guard isLong || run.isFresh, let before = run.memory, let after = lastMemory?.reading else { return cost }
        let peak = run.hasPeak && !run.isShared && seconds >= Self.secondsForPeak ? memory?.peakBytes() : nil
        cost.memory = MemoryCost(before: before.resident, peak: peak, after: after.resident)
        return cost
    }
}
