/// A job that somebody has cancelled, as it lies in the dead set.
package enum CancelledPayload {
    /// The job's payload with the cancellation in it, in the members of an error, so that every dashboard shows it.
    ///
    /// - Parameters:
    ///   - queue: where it goes if it is put back: the one it was taken from, or would have gone to.
    ///   - major: in whose form times are written.
    /// - Returns: nil if it is never to lie in the dead set: it is dropped then.
    package static func make(
        _ job: Job, from queue: QueueName, _ failure: Failure, now: Timestamp, as major: SidekiqMajor = .eight
    ) -> [UInt8]? {
        guard job.object.bool("dead") != false else { return nil }
        return FailureRecord(of: failure, job: job, queue: queue, now: now, as: major)
            .payload(storedBacktrace: nil, isRetried: false)
    }
}
