import Platform

/// What a preloader was asked and has not answered, and what it has forked: pure bookkeeping.
struct ForkLedger {
    struct Fork {
        let pipes: HandlerPipes
        /// Of `AdoptedProcesses.willSpawn`.
        let ticket: Int
        let since: MonotonicTime
        let completion: (Result<StartedHandler, NoStart>) -> Void
    }

    private struct Reap {
        let since: MonotonicTime
        let completion: (ExitStatus?) -> Void
    }

    private var forks: [Int: Fork] = [:]
    private var reaps: [Int32: Reap] = [:]
    /// Forked, and not reaped yet.
    private var children: Set<Int32> = []
    private var next = 1

    /// When the question was asked that waits longest for its answer; nil if none does.
    var oldest: MonotonicTime? { (forks.values.map(\.since) + reaps.values.map(\.since)).min() }

    var childCount: Int { children.count }

    /// - Returns: the number it is asked under.
    mutating func add(_ fork: Fork) -> Int {
        defer { next += 1 }
        forks[next] = fork
        return next
    }

    mutating func addReap(of pid: Int32, at now: MonotonicTime, _ completion: @escaping (ExitStatus?) -> Void) {
        reaps[pid] = Reap(since: now, completion: completion)
    }

    /// The fork of a number that was asked for; still open.
    func fork(_ number: Int) -> Fork? { forks[number] }

    mutating func close(_ number: Int) -> Fork? { forks.removeValue(forKey: number) }

    /// - Returns: false if it was named before and not reaped since.
    mutating func addChild(_ pid: Int32) -> Bool { children.insert(pid).inserted }

    /// - Returns: who waits for it; nil if nobody does.
    mutating func reaped(_ pid: Int32) -> ((ExitStatus?) -> Void)? {
        guard let reap = reaps.removeValue(forKey: pid) else { return nil }
        children.remove(pid)
        return reap.completion
    }

    /// Nothing will be answered any more.
    mutating func takeAll() -> (forks: [Fork], reaps: [(ExitStatus?) -> Void]) {
        defer {
            forks = [:]
            reaps = [:]
        }
        return (Array(forks.values), reaps.values.map(\.completion))
    }
}
