import Platform

/// How often files are looked at that change again and again, as those do that a handler's own jobs write: ever more seldom.
struct ChangePace {
    /// So many changes in a row are somebody at work.
    static let free = 5
    static let longest = 600.0

    private let seconds: Double
    private var last: MonotonicTime?
    /// Changes in a row.
    private var row = 0

    /// - Parameter seconds: between two looks as a rule.
    init(seconds: Double) { self.seconds = seconds }

    /// Between two looks now, in seconds.
    var pause: Double {
        // 2^16 times the shortest pause is past the longest.
        max(seconds, min(seconds * Double(1 << min(max(row - Self.free, 0), 16)), Self.longest))
    }

    /// - Returns: whether they are looked at more seldom from now on, and were not before.
    mutating func changed(at now: MonotonicTime) -> Bool {
        // A change is told two looks after it at the latest.
        let isInRow = last.map { now.seconds(since: $0) <= max(10 * seconds, 3 * pause) } ?? false
        last = now
        row = isInRow ? row + 1 : 1
        return row == Self.free + 1
    }
}
