import Insight
import JobModel
import Platform

/// The memory of one serve process around its runs, and the runs after which it keeps much more than before.
///
/// Only the leader touches it.
final class ProcessMemory {
    /// What is known when a run begins.
    struct Start {
        /// The process's last reading.
        let reading: MemoryGauge.Reading?
        /// That was read for this run.
        let isFresh: Bool
        /// The peak since then can be asked for.
        let hasPeak: Bool
        /// What a run that goes on for ever had got of the process's growth. Bytes.
        let growth: Double
    }

    /// A run, as far as it matters here.
    struct Span {
        let run: Run
        let since: MonotonicTime
        let isMeasured: Bool
        let isShared: Bool
    }

    private struct Suspect {
        let span: Span
        let until: MonotonicTime
        let peak: Int
        let before: Int
        let alongside: [String]
    }

    /// A reading so old is renewed for a run that begins. In less time nothing grows by what matters.
    private static let secondsOfReading = 0.005
    /// Shorter runs touch no 64 MB.
    static let secondsToMatter = 0.002
    /// Runs as long as this pay for looking at their peak.
    private static let secondsForPeak = 0.005
    /// Of runs that share a process so many are remembered, to say what went on beside another.
    private static let maximumRecent = 64
    /// A run that was going on at a suspect's end is waited for, since it may be the one; but not for ever.
    private static let maximumWait = 30.0

    private let gauge: MemoryGauge?
    private let handler: String
    private let watch: MemoryWatch
    private let loop: EventLoop
    private var last: (reading: MemoryGauge.Reading, at: MonotonicTime)?
    private var growth = Shares()
    private var cliffs: CliffWatch<Suspect>
    /// As `cliffs` says. Asked after every run, where a generic type of another module is too slow.
    private(set) var isSuspicious = false
    private var hadRun = false
    /// What is suspected is old enough: named when no run is in the way.
    private var isDue = false
    private var isTimerSet = false
    private var going = 0
    private var recent: [(route: JobClass, since: MonotonicTime, until: MonotonicTime)] = []
    private var hasEnded = false

    init(of pid: Int32, handler: String, watch: MemoryWatch, loop: EventLoop) {
        gauge = MemoryGauge(of: pid)
        self.handler = handler
        self.watch = watch
        self.loop = loop
        cliffs = CliffWatch(watch.limits)
    }

    /// Bytes; nil if they cannot be read.
    func residentBytes() -> Int? { gauge?.residentBytes() }

    // MARK: Runs

    func begin(at now: MonotonicTime) -> Start {
        let isAlone = going == 0
        let isFresh = !isCurrent(at: now) && read(at: now)
        let hasPeak = isFresh && isAlone && gauge?.forgetPeak() ?? false
        return began(at: now, isFresh: isFresh, hasPeak: hasPeak)
    }

    /// Whether the last reading will do for a run that begins.
    func isCurrent(at now: MonotonicTime) -> Bool {
        last.map { now.seconds(since: $0.at) <= Self.secondsOfReading } ?? false
    }

    /// A run began at this time, and the last reading did for it.
    func began(at time: MonotonicTime, isFresh: Bool = false, hasPeak: Bool = false) -> Start {
        going += 1
        growth.begin(weight: 1, at: time)
        return Start(reading: last?.reading, isFresh: isFresh, hasPeak: hasPeak, growth: growth.whole.cpu)
    }

    /// A run of which nothing was noted has ended, and was short.
    func passed() {
        guard !hadRun else { return }
        hadRun = true
        cliffs.passed()
    }

    /// - Parameter others: runs that go on in the same process.
    /// - Returns: what can be said of the run's memory; nil if too little was read.
    func end(_ span: Span, _ start: Start, others: () -> [JobClass], at now: MonotonicTime) -> MemoryCost? {
        let seconds = now.seconds(since: span.since)
        let isRead =
            seconds >= Self.secondsToMatter || (span.isMeasured && start.isFresh) || isSuspicious
        if isRead { read(at: now) }
        going -= 1
        growth.end(weight: 1, at: now)
        guard isRead, let before = start.reading, let after = last?.reading else {
            passed()
            return nil
        }
        hadRun = true
        if isDue, going == 0 || !span.isShared { name() }
        let peak = start.hasPeak && !span.isShared && seconds >= Self.secondsForPeak ? gauge?.peakBytes() : nil
        cliffs.ended(
            Suspect(
                span: span, until: now, peak: peak ?? after.resident, before: before.resident,
                alongside: span.isShared ? alongside(span, others()) : []),
            before: before.anonymous, after: after.anonymous)
        isSuspicious = cliffs.isSuspicious
        if isSuspicious { waitToSettle() }
        if span.isShared { remember(span, now) }
        guard seconds >= Self.secondsToMatter || start.isFresh else { return nil }
        let kept = span.isShared ? before.resident + Int(growth.whole.cpu - start.growth) : after.resident
        return MemoryCost(before: before.resident, peak: peak, after: hasEnded ? nil : max(0, kept))
    }

    /// A run was not run here after all.
    func drop(at now: MonotonicTime) {
        going -= 1
        growth.end(weight: 1, at: now)
    }

    /// Nothing can be read any more: what is suspected was never given back.
    func processEnds() {
        hasEnded = true
        name()
    }

    @discardableResult
    private func read(at now: MonotonicTime) -> Bool {
        guard !hasEnded, let reading = gauge?.read() else { return false }
        last = (reading, now)
        growth.read(Shares.Use(cpu: Double(reading.resident)), at: now)
        if isSuspicious {
            cliffs.seen(reading.anonymous)
            isSuspicious = cliffs.isSuspicious
        }
        return true
    }

    // MARK: Cliffs

    private func waitToSettle() {
        guard !isTimerSet else { return }
        isTimerSet = true
        _ = loop.at(MonotonicTime.now().advanced(bySeconds: watch.times.settle)) { [self] in
            isTimerSet = false
            guard isSuspicious, !hasEnded else { return }
            isDue = true
            // What a run that goes on needs for itself is not what an earlier one left.
            guard going == 0 else { return }
            read(at: .now())
            name()
        }
    }

    private func name() {
        isDue = false
        isSuspicious = false
        var told: [Suspect] = []
        for cliff in cliffs.named().sorted(by: { $0.after - $0.before > $1.after - $1.before }) {
            let suspect = cliff.subject
            // Of several that the same growth fell upon, the one with the largest part of it is named; the others are said to
            // have been there.
            let isTold = told.contains {
                $0.span.isShared && $0.span.since < suspect.until && suspect.span.since < $0.until
            }
            guard !(suspect.span.isShared && isTold) else { continue }
            told.append(suspect)
            watch.tell(
                MemoryWatch.Finding(
                    kind: .cliff, before: suspect.before, peak: suspect.peak,
                    after: suspect.before + cliff.after - cliff.before,
                    seconds: suspect.until.seconds(since: suspect.span.since), alongside: suspect.alongside),
                of: suspect.span.run, handler: handler)
        }
    }

    private func alongside(_ span: Span, _ others: [JobClass]) -> [String] {
        let past = recent.filter { $0.until > span.since }.map(\.route)
        return Set((past + others).map(\.text)).subtracting([span.run.job.route.text]).sorted()
    }

    private func remember(_ span: Span, _ now: MonotonicTime) {
        if recent.count == Self.maximumRecent { recent.removeFirst(Self.maximumRecent / 2) }
        recent.append((span.run.job.route, span.since, now))
    }
}
