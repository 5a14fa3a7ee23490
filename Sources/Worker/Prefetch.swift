package import Platform

/// How many jobs to hold beyond the free slots, so that a slot need not wait for a round trip to Redis between short jobs.
///
/// Only what can be expected to start within `horizonSeconds` is worth holding: with jobs of a millisecond in ten slots that
/// is a few dozen, with jobs of a second it is none, so no job waits behind a long one while another process is idle.
package struct Prefetch: Sendable {
    /// A reserved job should start within this time: a few round trips to Redis on the same host.
    package static let horizonSeconds = 0.003
    /// A job that waited this long for a slot goes back to its queue: the guess was wrong.
    package static let patienceSeconds = 0.05

    private let limit: Int
    /// Finished runs a second, smoothed over about a tenth of a second.
    private var rate = 0.0
    private var finished = 0
    private var since: MonotonicTime

    package init(slots: Int, now: MonotonicTime) {
        limit = 2 * slots
        since = now
    }

    /// Notes a finished run.
    package mutating func finishedOne() { finished += 1 }

    /// Jobs worth holding beyond the free slots, 0 to twice the slots.
    package mutating func depth(now: MonotonicTime) -> Int {
        let elapsed = now.seconds(since: since)
        if elapsed >= 0.02 {
            let weight = min(1, elapsed / 0.1)
            rate += weight * (Double(finished) / elapsed - rate)
            finished = 0
            since = now
        }
        return min(limit, Int(rate * Self.horizonSeconds))
    }
}
