import JobModel
package import Platform
package import Queueing

/// What was asked of Redis, to know what an answer is about.
package enum RedisQuestion: Sendable {
    case exchange(Exchange.Request)
    /// A chunk of the run in this slot that has this reservation.
    case chunk(slot: Int, ReservationID)
    /// How far the job has come of the run in this slot that has this reservation.
    case iteration(slot: Int, ReservationID)
    /// Writes that.
    case iterationWritten(slot: Int, ReservationID)
    /// Renews the lease, or takes a new one; it then holds for its length from when it was asked.
    case beat(askedAt: MonotonicTime, registers: Bool)
    /// The ids that Redis holds for us.
    case ids
    /// The payloads of these.
    case payloads([ReservationID])
    /// The requests to cancel jobs that stand.
    case requests
    /// How many jobs wait in a queue, the last one or another.
    case depth(isLast: Bool)
    /// Adds a parcel of costs, by its number.
    case costs(Int)
    /// The classes that are kept apart, in this round; how often they were comes before.
    case isolated(round: Int)
    case isolatedTimes
    /// Adds so many memory incidents.
    case incidents(Int)
    /// Something whose answer matters only if it is a refusal; what it is, for the log.
    case statement(String)
    /// The last thing this process says.
    case farewell
}
