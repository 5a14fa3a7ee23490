/// A job on its way from the retry set or the schedule to its queue.
package enum PromotedPayload {
    /// The payload to push, dated, and where to.
    ///
    /// - Parameters:
    ///   - due: when it was scheduled for, in seconds since the epoch: `expires_in` counts from then. Nil for a retry.
    ///   - major: in whose form it is dated.
    ///   - limits: what is larger or deeper is no job.
    ///
    /// A job that names no queue goes to `default`, as when it is pushed.
    /// - Returns: nil if the payload is no job, or its queue has no usable name; it belongs into the dead set as it is.
    package static func make(
        _ payload: [UInt8], now: Timestamp, due: Double? = nil, as major: SidekiqMajor = .eight,
        limits: PayloadLimits = PayloadLimits()
    ) -> (payload: [UInt8], queue: QueueName)? {
        // Why it is malformed can be learned by decoding it again, which only the rare case has to pay for.
        guard let job = try? Job(decoding: payload, limits: limits) else { return nil }
        let isQueueless = job.object.member("queue").map { $0.kind == .null } ?? true
        guard let queue = isQueueless ? .standard : job.declaredQueue else { return nil }
        var splice = PayloadSplice(job.object)
        splice.set("enqueued_at", to: now, as: major)
        if let due, let expiry = job.expiry(due: due) { splice.setExpiry(expiry) }
        return (splice.bytes(), queue)
    }
}
