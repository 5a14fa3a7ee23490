import Testing

/// A way to break the protocol on purpose. A simulation that does not find each of them proves nothing.
enum Breakage: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// A fetch takes jobs out of Redis, as BRPOP does.
    case popInsteadOfMove
    /// Leases are written and judged by the clocks of the nodes.
    case nodeClock
    /// Whoever loses the answer to a settlement takes it for written and forgets it.
    case lostSettlementForgotten
    /// Jobs that a fetch reserved whose answer was lost are not looked for.
    case lostFetchForgotten
    /// Rescue copies the jobs to their queues, and deletes the reservations with a second command.
    case rescueInTwoSteps
    /// Reservations are compared after a connection is made, and not at heartbeats.
    case comparedOnce
    /// After a time-out the connection is used again, and a late answer is taken for the current request's.
    case lateReplyTaken
    /// A settlement is carried out whether or not the job is still reserved.
    case settledWithoutFence
    /// A worker trusts its lease without looking at the clock.
    case leaseIgnored
    /// Orphans are looked for when a scheduler starts, and then never again.
    case rescuedOnlyAtStart
    /// A set of another type costs a scheduler its connection, and with it everything else it has to do.
    case refusalDropsConnection
    /// Due jobs are pushed whether or not they still were in their set.
    case promotedWithoutCheck

    var testDescription: String { rawValue }
}
