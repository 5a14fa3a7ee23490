import Configuration
import JobModel
import Queueing
import Redis

/// A part of the jobs of some places, in the order of the places.
struct JobListing {
    var filter = JobFilter()
    var isReverse = false
    var skipped = 0
    var most = Int.max

    /// Hands out rows, one after the other. Of several places one that cannot be looked into is told of, and passed over.
    private func visit(_ places: [PlaceArgument], _ redis: RedisConnection, _ take: (JobRow) -> Void) throws(RedisError)
    {
        var (seen, taken) = (0, 0)
        // False when there are enough.
        func offer(_ row: @autoclosure () -> JobRow) -> Bool {
            seen += 1
            guard seen > skipped else { return true }
            guard taken < most else { return false }
            taken += 1
            take(row())
            return taken < most
        }
        for place in places {
            do throws(RedisError) {
                guard try visit(place, redis, offer) else { return }
            } catch {
                guard places.count > 1, case .refused(let refusal) = error, refusal.meaning == .command else {
                    throw error
                }
                Output.error("martlet: could not look into one of the places: \(refusal.message)")
            }
        }
    }

    /// - Returns: false when there are enough.
    private func visit(
        _ place: PlaceArgument, _ redis: RedisConnection, _ offer: (@autoclosure () -> JobRow) -> Bool
    ) throws(RedisError) -> Bool {
        switch place {
        case .running:
            let all = try HeldJob.all(redis)
            for job in isReverse ? all.reversed() : all where filter.takes(job.entry) {
                guard offer(JobRow(job)) else { return false }
            }
        case .lying(let place):
            let words = filter.word.map { [$0] } ?? []
            var scan = JobScan(place, isReverse ? .nextLast : .nextFirst, words: words, over: redis)
            while let entries = try scan.next() {
                for entry in entries where filter.takes(entry) {
                    guard offer(JobRow(entry)) else { return false }
                }
            }
        }
        return true
    }

    /// Prints them: a table, or JSON.
    ///
    /// - Parameter place: whose columns the table has; nil if there are several.
    /// - Returns: whether there were any.

    @discardableResult
    func show(_ places: [PlaceArgument], like place: JobPlace?, asJSON: Bool, _ redis: RedisConnection) throws -> Bool {
        if asJSON {
            var lines = ObjectLines("jobs")
            // What was found before a place that cannot be read is whole JSON all the same.
            defer { lines.finish() }
            try visit(places, redis) { lines.add($0.text) }
            return !lines.isEmpty
        }
        let now = try RedisClock.now(redis)
        var rows: [[String]] = []
        try visit(places, redis) { rows.append($0.cells(place, now: now)) }
        Output.line(rows.isEmpty ? "no jobs" : Output.table(JobRow.columns(place), rows))
        return !rows.isEmpty
    }
}

extension HeldJob {
    /// As what filters look at: its time is when it was begun.
    fileprivate var entry: JobEntry {
        JobEntry(
            place: .reserved(identity: identity), payload: payload, score: work?.startedAt?.seconds)
    }
}
