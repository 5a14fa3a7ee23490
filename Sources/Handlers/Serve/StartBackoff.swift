import Platform

/// How long a handler that does not start is left alone: 0.1 s, doubling to 10 s, so that it never becomes a storm of forks.
struct StartBackoff {
    private static let first = 0.1
    private static let longest = 10.0

    private(set) var failures = 0
    /// No start before this.
    private(set) var until = MonotonicTime(nanoseconds: .min)
    /// Why the last start failed; nil since one succeeded.
    private(set) var reason: String?

    var isFailing: Bool { failures > 0 }

    mutating func failed(_ reason: String, now: MonotonicTime) {
        self.reason = reason
        // Processes that were started together fail together: that is one failure.
        guard now >= until else { return }
        // 2^7 times 0.1 s is past the longest; the exponent stays small however often it fails.
        let seconds = min(Self.first * Double(1 << min(failures, 7)), Self.longest)
        failures += 1
        until = now.advanced(bySeconds: seconds)
    }

    mutating func succeeded() { self = StartBackoff() }
}
