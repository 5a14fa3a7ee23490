package import JobModel
package import Redis

/// An order for all jobs of one place that are meant by a filter.
package struct BulkOrder {
    /// What became of them.
    package struct Totals: Equatable, Sendable {
        package var done = 0
        /// Those that somebody else took first.
        package var gone = 0
        package var objections: [JobOrder.Objection] = []
        package var refused: [RedisRefusal] = []

        package init() {}
    }

    private let order: JobOrder
    private let place: JobPlace
    private let filter: JobFilter
    private let most: Int
    private let deadLimits: DeadLimits
    private let major: SidekiqMajor
    private let redis: RedisConnection

    /// - Parameter most: jobs at most; those of a queue that are fetched next, if they are moved.
    package init(
        _ order: JobOrder, in place: JobPlace, _ filter: JobFilter, most: Int = .max,
        deadLimits: DeadLimits = DeadLimits(), as major: SidekiqMajor = .eight, over redis: RedisConnection
    ) {
        self.order = order
        self.place = place
        self.filter = filter
        self.most = most
        self.deadLimits = deadLimits
        self.major = major
        self.redis = redis
    }

    /// Hands out all that are meant now, and changes nothing.
    package func survey(_ take: (JobEntry) throws(RedisError) -> Void) throws(RedisError) {
        var scan = scan
        var count = 0
        while count < most, let entries = try scan.next() {
            for entry in entries where filter.takes(entry) && count < most {
                try take(entry)
                count += 1
            }
        }
    }

    /// Carries it out, a slice after the other. Jobs of a queue that are moved keep their order.
    package func carryOut() throws(RedisError) -> Totals {
        var totals = Totals()
        // Whoever looks from the end where jobs are fetched may be passed by some: what then still lies there is looked at again.
        for _ in 0..<(isOrdered ? 2 : 1) {
            try pass(&totals)
        }
        return totals
    }

    private func pass(_ totals: inout Totals) throws(RedisError) {
        totals.objections = []
        totals.refused = []
        let transfer = JobTransfer(from: place, to: order.target, deadLimits: deadLimits)
        var scan = scan
        while totals.done < most, let entries = try scan.next() {
            let now = try RedisClock.now(redis)
            var moves: [JobTransfer.Move] = []
            for entry in entries where filter.takes(entry) && totals.done + moves.count < most {
                switch order.plan(entry, now: now, as: major) {
                case .success(let move): moves.append(move)
                case .failure(let refused): totals.objections.append(refused.objection)
                }
            }
            guard !moves.isEmpty else { continue }
            var removed = 0
            for outcome in try transfer.carryOut(moves, in: scan.window, over: redis) {
                switch outcome {
                case .done: removed += 1
                case .gone: totals.gone += 1
                case .refused(let refusal): totals.refused.append(refusal)
                }
            }
            totals.done += removed
            scan.note(removed: removed)
        }
    }

    private var isOrdered: Bool { place.isList && order.target == .queue }

    private var scan: JobScan {
        let order: JobScan.Order = isOrdered ? .nextFirst : .complete
        return JobScan(place, order, words: filter.word.map { [$0] } ?? [], over: redis)
    }
}
