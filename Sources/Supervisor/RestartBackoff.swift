/// How long to wait before a child is started again.
///
/// A child that was ready is started again at once. One that died before it was ready waits 1 s, then twice as long each
/// time, up to 60 s; so does one that died more than 5 times within 10 s.
struct RestartBackoff: Equatable, Sendable {
    private static let longestSeconds = 60.0
    private static let windowSeconds = 10.0
    private static let deathsAllowed = 5

    private var waits = 0
    /// Seconds the child has lived in all, and at which of them it died. Waiting does not count: else the waits
    /// themselves would thin out the deaths, and a child that always dies would be started at once again and again.
    private var livedSeconds = 0.0
    private var deaths: [Double] = []

    /// Records a death.
    ///
    /// - Returns: seconds to wait, 0 for at once.
    mutating func died(afterSeconds lifetime: Double, wasReady: Bool) -> Double {
        livedSeconds += max(0, lifetime)
        deaths.append(livedSeconds)
        deaths.removeAll { $0 < livedSeconds - Self.windowSeconds }
        if wasReady && deaths.count <= Self.deathsAllowed {
            waits = 0
            return 0
        }
        let delay = waits < 6 ? Double(1 << waits) : Self.longestSeconds
        waits += 1
        return min(delay, Self.longestSeconds)
    }
}
