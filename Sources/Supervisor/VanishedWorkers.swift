import Platform

/// The identities of workers that died, until a scheduler has rescued what they held.
///
/// The scheduler gives no receipt. So an identity is told again to a scheduler that becomes ready within 30 s of the
/// death: longer than a worker's lease of 20 s, after which any scheduler finds the dead worker by itself. Rescuing twice
/// does no harm.
struct VanishedWorkers: Sendable {
    private static let rememberedSeconds = 30.0
    /// Seconds until a message that did not fit into the scheduler's channel is tried again.
    private static let retrySeconds = 1.0
    /// More than this is a crash loop without a scheduler; leases cover the oldest.
    private static let most = 1000

    private struct Entry {
        let identity: String
        /// Nil if it counts against no job.
        let death: WorkerDeath?
        let diedAt: MonotonicTime
        var isTold = false
    }

    private var entries: [Entry] = []
    private(set) var retryAt = MonotonicTime.never

    mutating func add(_ identity: String, _ death: WorkerDeath?, now: MonotonicTime) {
        entries.removeAll {
            $0.identity == identity || ($0.isTold && now.seconds(since: $0.diedAt) > Self.rememberedSeconds)
        }
        if entries.count >= Self.most { entries.removeFirst() }
        entries.append(Entry(identity: identity, death: death, diedAt: now))
    }

    /// A new scheduler knows nothing of what an earlier one was told.
    mutating func forgetTelling(now: MonotonicTime) {
        entries.removeAll { $0.isTold && now.seconds(since: $0.diedAt) > Self.rememberedSeconds }
        for index in entries.indices { entries[index].isTold = false }
    }

    /// The scheduler's channel did not take it.
    mutating func untold(_ identity: String, now: MonotonicTime) {
        for index in entries.indices where entries[index].identity == identity { entries[index].isTold = false }
        retryAt = now.advanced(bySeconds: Self.retrySeconds)
    }

    /// What is to be told now, the oldest first; counted as told from here on. Nothing while a retry is waited for.
    mutating func takeUntold(now: MonotonicTime) -> [(identity: String, death: WorkerDeath?)] {
        guard retryAt == .never || retryAt <= now else { return [] }
        retryAt = .never
        let untold = entries.filter { !$0.isTold }.map { (identity: $0.identity, death: $0.death) }
        for index in entries.indices { entries[index].isTold = true }
        return untold
    }

    /// There is no scheduler to try again with.
    mutating func awaitScheduler() { retryAt = .never }
}
