package import Platform

/// How many jobs to ask for at a time, and how many to hold beyond the free slots, so that a slot need not wait for a round
/// trip to Redis between short jobs.
///
/// Only what can be expected to start within moments is worth holding: with jobs of a millisecond in ten slots that is a few
/// dozen, with jobs of a second it is none, so no job waits behind a long one while another process is idle. How long these
/// moments are is measured: an exchange settles what ended since the last one was sent, so the line must last for two round
/// trips, however far away Redis is.
package struct Prefetch: Sendable {
    /// A reserved job should start within this time, if Redis is near.
    package static let shortestHorizonSeconds = 0.002
    /// Nothing is held for longer, though the answers may take seconds.
    package static let longestHorizonSeconds = 0.010
    /// A job that waited this long for a slot goes back to its queue: the guess was wrong.
    package static let patienceSeconds = 0.05
    /// Jobs in line for each slot, at the most.
    package static let mostPerSlot = 10

    /// Jobs worth asking for at a time, if Redis is near. More would bring down what an exchange costs each job by little,
    /// and each of a thousand slots would be given a job before the first of them has answered: then every job wakes a
    /// process that has not run for long, whose memory is in no cache any more.
    package static let smallestBatch = 50
    /// While an answer takes no longer, Redis is near.
    private static let nearSeconds = 0.001

    private var limit: Int
    private let horizon: ClosedRange<Double>
    /// Finished runs a second, smoothed over about a tenth of a second.
    private var rate = 0.0
    private var finished = 0
    private var since: MonotonicTime
    /// Seconds from a question to its answer, smoothed over a few of them.
    private var roundTrip = 0.0

    /// - Parameter horizonSeconds: a reserved job should start within this time: the first if Redis is near, the last though
    ///   answers may take seconds.
    package init(
        slots: Int,
        horizonSeconds: ClosedRange<Double> = Prefetch.shortestHorizonSeconds...Prefetch.longestHorizonSeconds,
        now: MonotonicTime
    ) {
        limit = Self.mostPerSlot * slots
        horizon = horizonSeconds
        since = now
    }

    /// Another number of slots.
    package mutating func limit(toSlots slots: Int) { limit = Self.mostPerSlot * slots }

    /// Notes a finished run.
    package mutating func finishedOne() { finished += 1 }

    /// Notes how long an exchange took.
    package mutating func answered(after seconds: Double) { roundTrip += 0.2 * (max(0, seconds) - roundTrip) }

    /// Jobs worth asking for at a time: the farther Redis, the more. At least `smallestBatch`.
    package var batch: Int { max(Self.smallestBatch, Int(Double(Self.smallestBatch) * roundTrip / Self.nearSeconds)) }

    /// Jobs worth holding beyond the free slots, 0 to ten times the slots.
    package mutating func depth(now: MonotonicTime) -> Int {
        let elapsed = now.seconds(since: since)
        if elapsed >= 0.02 {
            let weight = min(1, elapsed / 0.1)
            rate += weight * (Double(finished) / elapsed - rate)
            finished = 0
            since = now
        }
        let horizon = min(self.horizon.lowerBound + 2 * roundTrip, self.horizon.upperBound)
        return min(limit, Int(rate * horizon))
    }
}
