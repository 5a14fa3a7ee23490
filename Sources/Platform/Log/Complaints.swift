/// Remembers what was complained of, so that trouble that lasts fills no log: the same complaint is made again only when
/// its reason has changed, or after a while.
package struct Complaints: Sendable {
    /// Seconds between two complaints of the same.
    package static let pauseSeconds = 60.0
    /// More things than this are not told apart in memory: then everything is forgotten, and said once more.
    private static let most = 1000

    private var made: [String: (reason: String, at: MonotonicTime)] = [:]

    package init() {}

    /// Whether to say it now; if so, it counts as said.
    ///
    /// - Parameter subject: what the complaint is about, such as "queue default".
    package mutating func shouldSay(_ subject: String, _ reason: String, now: MonotonicTime) -> Bool {
        if let last = made[subject], last.reason == reason, now.seconds(since: last.at) < Self.pauseSeconds {
            return false
        }
        if made.count >= Self.most { made.removeAll() }
        made[subject] = (reason, now)
        return true
    }

    /// The trouble is over.
    ///
    /// - Returns: true if it had been complained of.
    package mutating func settle(_ subject: String) -> Bool { made.removeValue(forKey: subject) != nil }
}
