package import Platform

/// How long Redis was out of the scheduler's reach lately, and hence whether leases that are over prove anything.
///
/// If Redis was away for everybody, workers that live could not renew their leases, and need a moment to come back. If only
/// this connection broke, they could: waiting anew after each break would mean never to judge where breaks are frequent.
package struct Absences: Sendable {
    /// A lease of 20 s, renewed every 5, outlives so much absence, 2 s until it is noticed, and 9 s to come back.
    package static let toleratedSeconds = 3.0
    /// Absences add up over the length of a lease.
    package static let spanSeconds = 20.0

    private var past: [(start: MonotonicTime, end: MonotonicTime)] = []
    private var start: MonotonicTime?
    private var hasBeenThere = false

    package init() {}

    /// Redis cannot be reached, as was found by what was asked at `time`. Nothing new if that is known already.
    package mutating func began(at time: MonotonicTime) {
        if start == nil { start = time }
    }

    /// Redis is there.
    ///
    /// - Returns: true if workers that live may have lost their leases meanwhile: they need time to come back.
    package mutating func ended(at now: MonotonicTime) -> Bool {
        defer { hasBeenThere = true }
        if let start { past.append((start, now)) }
        start = nil
        let horizon = now.advanced(bySeconds: -Self.spanSeconds)
        past.removeAll { $0.end <= horizon }
        let away = past.reduce(0) { sum, absence in sum + absence.end.seconds(since: max(absence.start, horizon)) }
        return !hasBeenThere || away > Self.toleratedSeconds
    }
}
