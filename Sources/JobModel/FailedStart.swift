/// A run that did not begin, because its handler's process could not be started. That is not the job's fault: for a day it ends
/// no job, whatever that says of retries. From then on it is a failure like others, so that nothing goes on for ever.
package struct FailedStart {
    /// So many in a row use up a retry.
    package static let mostCounted = 3
    /// From the first in a row, so long none of them ends a job. Milliseconds.
    package static let milliseconds: Int64 = 24 * 3600 * 1000
    /// The member of the payload that counts them; a run that begins and fails takes it away.
    static let member = "martlet_failed_starts"
    /// The one that says when the first of them was.
    static let sinceMember = "martlet_failed_starts_since"
    /// Seconds to the run after the first that is not counted; doubling to the longest.
    private static let firstDelay = 30.0
    private static let longestDelay = 600.0

    private let job: Job
    private let record: FailureRecord
    private let policy: RetryPolicy
    private let now: Timestamp
    /// In a row before this one.
    private let before: Int
    /// When the first in a row was.
    private let since: Timestamp

    init(_ failure: Failure, of job: Job, from queue: QueueName, under policy: RetryPolicy, now: Timestamp) {
        self.job = job
        self.policy = policy
        self.now = now
        record = FailureRecord(of: failure, job: job, queue: queue, now: now, as: policy.sidekiq)
        before = max(job.object.integer(Self.member) ?? 0, 0)
        // One in the future is somebody else's clock: it would lengthen the day.
        since = min(before > 0 ? job.object.timestamp(Self.sinceMember) ?? now : now, now)
    }

    /// - Parameters: as for `Verdict.decide`.
    func verdict(chance: Double, storedBacktrace: String?) -> Verdict {
        let isExhausted = RetryLimit(of: job, under: policy)
            .isExhausted(count: record.count, firstFailure: record.firstFailure, now: now)
        let isOver = now.milliseconds - since.milliseconds > Self.milliseconds
        if isExhausted, isOver {
            // Also with `retry: false`: it has never run, and whoever mends the handler may want it. It begins anew then.
            let payload = record.payload(storedBacktrace: storedBacktrace, isRetried: false)
            return job.object.bool("dead") == false ? .discard : .bury(payload: payload)
        }
        let isCounted = !isExhausted && (isOver || before < Self.mostCounted)
        let seconds = isCounted ? policy.delay(beforeRetry: record.count) : uncountedDelay
        let span = isCounted ? policy.jitterSpan(record.count) : seconds / 4
        let payload = record.payload(
            storedBacktrace: storedBacktrace, failedStarts: (min(before, 1_000_000) + 1, since), isCounted: isCounted)
        return .retry(afterSeconds: seconds + (chance * span).rounded(.down), payload: payload)
    }

    private var uncountedDelay: Double {
        // 2^5 times 30 s is past the longest; the exponent stays small whatever a payload says.
        min(Self.firstDelay * Double(1 << min(max(before - Self.mostCounted, 0), 5)), Self.longestDelay)
    }
}
