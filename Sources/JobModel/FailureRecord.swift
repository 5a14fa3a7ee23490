/// What a failure leaves in the payload of its job.
struct FailureRecord {
    /// The job's `retry_count` from now on: 0 after the first failure.
    let count: Int
    let firstFailure: Timestamp
    private let failure: Failure
    private let job: Job
    private let queue: QueueName
    private let now: Timestamp
    private let major: SidekiqMajor

    init(of failure: Failure, job: Job, queue: QueueName, now: Timestamp, as major: SidekiqMajor) {
        self.failure = failure
        self.job = job
        self.queue = queue
        self.now = now
        self.major = major
        self.count = job.retryCount.map { $0 + 1 } ?? 0
        self.firstFailure = (job.retryCount == nil ? nil : job.failedAt) ?? now
    }

    /// The job's payload with the error in it, in the members and the order of Sidekiq; all else is byte for byte as it
    /// was.
    ///
    /// - Parameters:
    ///   - failedStarts: how many in a row, with this one, and since when, if it is one.
    ///   - isCounted: whether it uses up a retry.
    ///   - isRetried: it waits for its retry, which is held to the time the job expires at. From the dead set it comes back
    ///     only by somebody's wish.
    func payload(
        storedBacktrace: String?, failedStarts: (count: Int, since: Timestamp)? = nil, isCounted: Bool = true,
        isRetried: Bool = true
    ) -> [UInt8] {
        var splice = PayloadSplice(job.object)
        splice.set("queue", toText: (job.retryQueue ?? queue).text)
        splice.set("error_message", toText: failure.message)
        splice.set("error_class", toText: failure.errorClass)
        if isRetried, let expiry = job.expiryOfRetries { splice.setExpiry(expiry) }
        if job.retryCount != nil { splice.set("retried_at", to: now, as: major) }
        // Also when an earlier failure left no readable date: `retry_for` counts from it and has to end some day.
        if job.retryCount == nil || job.failedAt == nil { splice.set("failed_at", to: now, as: major) }
        if isCounted { splice.set("retry_count", to: Array("\(count)".utf8)) }
        if let failedStarts {
            splice.set(FailedStart.member, to: Array("\(failedStarts.count)".utf8))
            splice.set(FailedStart.sinceMember, to: failedStarts.since, as: .eight)
        } else {
            splice.remove(FailedStart.member)
            splice.remove(FailedStart.sinceMember)
        }
        if job.backtraceLines != nil {
            // An older failure's backtrace beside the new message would mislead.
            if let storedBacktrace {
                splice.set("error_backtrace", toText: storedBacktrace)
            } else {
                splice.remove("error_backtrace")
            }
        }
        return splice.bytes()
    }
}
