/// A job that goes on later from where it has stopped: it comes to its queue anew.
enum SuspendedPayload {
    /// - Returns: the payload, dated; all else is byte for byte as it was.
    static func make(_ job: Job, now: Timestamp, as major: SidekiqMajor) -> [UInt8] {
        var splice = PayloadSplice(job.object)
        splice.set("enqueued_at", to: now, as: major)
        return splice.bytes()
    }
}
