/// A run that did not begin, because its handler's process could not be started. That is not the job's fault: some of them use
/// up a retry, as failures do, and then it is tried again for as long as it takes.
package struct FailedStart {
    /// So many in a row use up a retry.
    package static let mostCounted = 3
    /// The member of the payload that counts them; a run that begins and fails takes it away.
    static let member = "martlet_failed_starts"
    /// Seconds to the run after the first that is not counted; doubling to the longest.
    private static let firstDelay = 30.0
    private static let longestDelay = 600.0

    private let job: Job
    private let record: FailureRecord
    private let policy: RetryPolicy
    private let now: Timestamp
    /// In a row before this one.
    private let before: Int

    init(_ failure: Failure, of job: Job, from queue: QueueName, under policy: RetryPolicy, now: Timestamp) {
        self.job = job
        self.policy = policy
        self.now = now
        record = FailureRecord(of: failure, job: job, queue: queue, now: now)
        before = max(job.object.integer(Self.member) ?? 0, 0)
    }

    /// - Parameters: as for `Verdict.decide`.
    func verdict(chance: Double, storedBacktrace: String?) -> Verdict {
        let limit = RetryLimit(of: job, under: policy)
        let isExhausted = limit.isExhausted(count: record.count, firstFailure: record.firstFailure, now: now)
        switch limit {
        case .never: return .discard
        case .milliseconds where isExhausted:
            // Its time is over, whatever kept it from being run.
            let payload = record.payload(storedBacktrace: storedBacktrace, failedStarts: before &+ 1)
            return job.object.bool("dead") == false ? .discard : .bury(payload: payload)
        case .retries, .milliseconds: break
        }
        let isCounted = before < Self.mostCounted && !isExhausted
        let seconds = isCounted ? policy.delay(beforeRetry: record.count) : uncountedDelay
        let span = isCounted ? policy.jitterSpan(record.count) : seconds / 4
        let payload = record.payload(
            storedBacktrace: storedBacktrace, failedStarts: min(before, 1_000_000) + 1, isCounted: isCounted)
        return .retry(afterSeconds: seconds + (chance * span).rounded(.down), payload: payload)
    }

    private var uncountedDelay: Double {
        // 2^5 times 30 s is past the longest; the exponent stays small whatever a payload says.
        min(Self.firstDelay * Double(1 << min(max(before - Self.mostCounted, 0), 5)), Self.longestDelay)
    }
}
