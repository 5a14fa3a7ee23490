extension Job {
    /// Whether the run that begins now is the last whatever it fails with, as far as that can be known: with `retry_for` it
    /// can become so while it goes on.
    package func isLastRun(under policy: RetryPolicy, now: Timestamp) -> Bool {
        // Nearly all runs are first ones of jobs with the usual rules: these need not be looked at closely.
        if retryCount == nil, hasUsualRetries, policy.maximumRetries > 0 { return false }
        let count = retryCount.map { $0 + 1 } ?? 0
        let firstFailure = (retryCount == nil ? nil : failedAt) ?? now
        return RetryLimit(of: self, under: policy).isExhausted(count: count, firstFailure: firstFailure, now: now)
    }
}
