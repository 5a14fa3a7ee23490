/// A job that somebody puts back into its queue before its time.
package enum RetriedPayload {
    /// The payload to push, and where to: `enqueued_at` is new, and one failure is taken off, as the run that follows is not one
    /// of those the job had left.
    ///
    /// - Parameter queue: where it goes instead of the queue it names; a job that names none goes to `default`.
    /// - Returns: nil if the payload is no job, or its queue has no usable name.
    package static func make(
        _ payload: [UInt8], now: Timestamp, to queue: QueueName? = nil, as major: SidekiqMajor = .eight
    ) -> (payload: [UInt8], queue: QueueName)? {
        guard let due = DuePayload.make(payload, now: now, to: queue, as: major, isScheduled: false),
            // It was decoded a line above.
            let object = try? JSONObject(scanning: due.payload)
        else { return nil }
        guard let count = object.integer("retry_count") else { return due }
        var splice = PayloadSplice(object)
        splice.set("retry_count", to: Array("\(max(count, 0) - 1)".utf8))
        return (splice.bytes(), due.queue)
    }
}

/// A scheduled job that somebody puts into its queue before its time.
package enum DuePayload {
    /// The payload to push, and where to: as when its time has come. It may be of any size.
    ///
    /// - Parameters:
    ///   - queue: where it goes instead of the queue it names.
    ///   - isScheduled: it is to expire so long from now as it may wait; not where it has waited before.
    /// - Returns: nil if the payload is no job, or its queue has no usable name.
    package static func make(
        _ payload: [UInt8], now: Timestamp, to queue: QueueName? = nil, as major: SidekiqMajor = .eight,
        isScheduled: Bool = true
    ) -> (payload: [UInt8], queue: QueueName)? {
        guard let payload = queue == nil ? payload : queue.flatMap({ MovedPayload.make(payload, to: $0) }) else {
            return nil
        }
        return PromotedPayload.make(
            payload, now: now, due: isScheduled ? now.seconds : nil, as: major, limits: PayloadLimits(bytes: .max))
    }
}

/// A job that somebody puts into another queue.
package enum MovedPayload {
    /// The payload with the other queue's name in it, and nothing else changed.
    ///
    /// - Returns: nil if it is no JSON object.
    package static func make(_ payload: [UInt8], to queue: QueueName) -> [UInt8]? {
        // Why it is none can be learned by scanning it again.
        guard let object = try? JSONObject(scanning: payload) else { return nil }
        var splice = PayloadSplice(object)
        splice.set("queue", toText: queue.text)
        return splice.bytes()
    }
}
