/// What becomes of a job after a run. Carrying it out is called settling.
package enum Verdict: Equatable, Sendable {
    /// Done.
    case ack
    /// Into the retry set; the payload carries the error.
    case retry(afterSeconds: Double, payload: [UInt8])
    /// Counts a death of the handler: as `retry`, or into the dead set if it is one too many.
    case retryUnlessPoison(afterSeconds: Double, payload: [UInt8], CountedDeath)
    /// Into the dead set: this payload, which carries the error, or if it is empty the job's own as it is.
    case bury(payload: [UInt8])
    /// Dropped.
    case discard
    /// Back to the head of its queue, unchanged.
    case requeue
    /// Behind the others of its queue; the payload carries the new date.
    case suspend(payload: [UInt8])
    /// Into the schedule, unchanged.
    case snooze(afterSeconds: Double)
}

extension Verdict {
    /// Decides from its arguments alone: it reads no clock, asks no Redis and draws no random number.
    ///
    /// The rules are Sidekiq 8's: `retry`, `retry_for`, `retry_queue` and `dead` of the job, then the policy.
    ///
    /// - Parameters:
    ///   - queue: where the job was taken from.
    ///   - chance: 0 to below 1, drawn by the caller; the jitter is this part of the span, in whole seconds.
    ///   - storedBacktrace: base64 of the zlib stream of `Failure.backtraceJSON(for:)`; nil if that was nil.
    package static func decide(
        _ outcome: Outcome, for job: Job, from queue: QueueName, under policy: RetryPolicy, now: Timestamp,
        chance: Double, storedBacktrace: String?
    ) -> Verdict {
        let failure: Failure
        let isRetryable: Bool
        var death: CountedDeath?
        switch outcome {
        case .succeeded: return .ack
        case .discarded: return .discard
        case .interrupted: return .requeue  // Our own stop is never the job's fault, so it costs no retry.
        case .suspended: return .suspend(payload: SuspendedPayload.make(job, now: now, as: policy.sidekiq))
        case .snoozed(let seconds): return .snooze(afterSeconds: RetryPolicy.bounded(seconds))
        case .failed(let reason): (failure, isRetryable) = (reason, true)
        case .notStarted(let reason):
            let start = FailedStart(reason, of: job, from: queue, under: policy, now: now)
            return start.verdict(chance: chance, storedBacktrace: storedBacktrace)
        case .died(let reason, let how):
            (failure, isRetryable) = (reason, true)
            // What it wrote last stands below how it ended.
            let lastLines = reason.message.drop { $0 != "\n" }
            death = CountedDeath(
                of: job, from: queue, lastDeath: how + lastLines, limit: policy.poison, now: now, as: policy.sidekiq)
        case .dead(let reason): (failure, isRetryable) = (reason, false)
        case .cancelled(let reason):
            // Whatever retries it had left, and also with `retry: false`: who cancelled it may want it back.
            guard let payload = CancelledPayload.make(job, from: queue, reason, now: now, as: policy.sidekiq) else {
                return .discard
            }
            return .bury(payload: payload)
        }

        let record = FailureRecord(of: failure, job: job, queue: queue, now: now, as: policy.sidekiq)
        let limit = RetryLimit(of: job, under: policy)
        if limit == .never { return .discard }
        if isRetryable, !limit.isExhausted(count: record.count, firstFailure: record.firstFailure, now: now) {
            let jitter = (chance * policy.jitterSpan(record.count)).rounded(.down)
            let delay = failure.retryIn.map(RetryPolicy.bounded) ?? policy.delay(beforeRetry: record.count)
            let seconds = delay + jitter
            let payload = record.payload(storedBacktrace: storedBacktrace)
            guard let death else { return .retry(afterSeconds: seconds, payload: payload) }
            return .retryUnlessPoison(afterSeconds: seconds, payload: payload, death)
        }
        if job.object.bool("dead") == false { return .discard }
        return .bury(payload: record.payload(storedBacktrace: storedBacktrace, isRetried: false))
    }
}
