/// Numbers in the form ZADD takes. One it refused would end a script after the reservation is gone, so none is odd.
enum Score {
    /// - Parameter seconds: since the epoch.
    static func text(_ seconds: Double) -> String { seconds.isFinite ? String(seconds) : "0.0" }

    /// A wait in seconds: none for what is no number, and at most 300 years.
    static func delay(_ seconds: Double) -> String { text(min(max(seconds, 0), 1e10)) }
}
