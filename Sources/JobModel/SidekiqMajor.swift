/// Whose forms are written where versions of Sidekiq differ: times in payloads, and the keys of metrics. What is read may
/// have either form.
package enum SidekiqMajor: Int, Codable, Sendable {
    /// Up to 7: times are seconds with a fraction.
    case seven = 7
    /// From 8 on: times are whole milliseconds.
    case eight = 8
}

extension SidekiqMajor {
    /// Whose form the times in a payload have: where no configuration says what is wanted, one payload is to have one form. Nil
    /// if it is none, or has no times.
    package init?(writing payload: [UInt8]) {
        // Why it is none can be learned by scanning it again.
        guard let object = try? JSONObject(scanning: payload) else { return nil }
        let times = ["created_at", "enqueued_at", "failed_at"].lazy.compactMap { object.member($0) }
        guard let first = times.first(where: { $0.kind == .number }) else { return nil }
        self = object.raw(first).contains(UInt8(ascii: ".")) ? .seven : .eight
    }
}
