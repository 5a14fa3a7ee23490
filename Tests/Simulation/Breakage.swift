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
    /// A scheduler judges leases by the calendar of its host, and has them rescued.
    case judgedByNodeClock
    /// A lease that was over when the scheduler looked is rescued without looking again.
    case livenessNotAskedAgain
    /// A job is put back into its queue, and its reservation stays.
    case requeuedWithoutRemoval
    /// What a worker could not give back is dropped when it leaves.
    case leftBehindAtStop
    /// A settlement that Redis could not write is not tried again.
    case refusedSettlementForgotten
    /// A worker whose lease was taken goes on without one.
    case lostLeaseIgnored
    /// After a connection is made ids are compared only if an answer is missing, as if Redis forgot nothing.
    case comparedWhenUncertain
    /// A death is counted before it is known whether the job is still reserved.
    case deathCountedBeforeRemoval
    /// A rescue counts the deaths it was told of, whether or not it finds the jobs.
    case deathCountedUnseen
    /// A worker's death counts against all jobs it held, not only those that ran.
    case reservedCountsAsRunning
    /// The end of a lease counts as a death, although the process is seen to live.
    case livingCountedDead
    /// The deaths of handlers are not counted.
    case handlerDeathsIgnored
    /// A chunk is pushed whether or not the payload says that it was pushed before.
    case chunkNotCompared
    /// A run's result is settled without waiting for its chunks, with the payload the job came with.
    case resultOvertakesChunks
    /// A retry is written without the checkpoint.
    case checkpointNotKept
    /// A job is buried without the checkpoint.
    case checkpointNotBuried
    /// What a run has streamed is dropped with the connection it was to travel on.
    case chunkLostWithLink

    /// A job is cancelled in its queue whether or not it still is there.
    case cancelledUnseen
    /// A request to cancel is answered before it is known whether the job is still reserved.
    case requestAnsweredUnseen
    /// What a worker remembers of requests is trusted, although it may be old.
    case requestNotAskedAgain
    /// Only what runs when a request is read is cancelled; what is fetched later is begun.
    case requestNotRemembered
    /// A run that is to be cancelled goes back to its queue when a stop interrupts it, and the request with it.
    case requestLostAtStop
    /// A job is begun although it has expired.
    case expiryUnseen
    /// A job is dropped before it has expired.
    case expiredEarly
    /// How far a job has come is not settled with its run.
    case cursorNotSettled

    /// A fetch takes jobs of queues that are paused, too.
    case pauseIgnored
    /// A capsule asks for jobs of all queues, whether or not they are its own.
    case capsulesMixed

    var testDescription: String { rawValue }

    /// Whether somebody has to cancel jobs for it to show.
    var isAboutRequests: Bool {
        switch self {
        case .cancelledUnseen, .requestAnsweredUnseen, .requestNotAskedAgain, .requestNotRemembered, .requestLostAtStop,
            .checkpointNotBuried:
            true
        default: false
        }
    }

    /// What has to go wrong for it to do harm. Runs that are to find it have these faults, often.
    var faults: [Fault] {
        switch self {
        case .popInsteadOfMove, .rescuedOnlyAtStart: [.workerCrash]
        case .nodeClock, .judgedByNodeClock, .leaseIgnored, .lostLeaseIgnored, .livingCountedDead: [.workerPause]
        case .lostSettlementForgotten, .lostFetchForgotten, .comparedOnce, .lateReplyTaken: [.connectionResets]
        case .rescueInTwoSteps: [.workerCrash, .schedulerCrash]
        case .settledWithoutFence, .deathCountedBeforeRemoval: [.workerPause, .hostPartition]
        case .refusalDropsConnection: [.workerCrash, .wrongType]
        case .promotedWithoutCheck: [.schedulerPause]
        case .livenessNotAskedAgain: [.schedulerPause]
        case .requeuedWithoutRemoval, .leftBehindAtStop: [.stop, .serviceStop, .stopWithoutRedis]
        case .refusedSettlementForgotten: [.wrongType]
        case .comparedWhenUncertain: [.redisForgets, .redisFailover]
        case .deathCountedUnseen, .reservedCountsAsRunning: [.workerCrash, .schedulerPause]
        case .chunkNotCompared, .resultOvertakesChunks, .chunkLostWithLink: [.connectionResets]
        case .requestAnsweredUnseen: [.workerPause, .hostPartition]
        case .requestNotAskedAgain, .requestNotRemembered: [.workerCrash]
        case .requestLostAtStop: [.stop, .serviceStop]
        case .pauseIgnored: [.pause]
        case .capsulesMixed, .cursorNotSettled, .handlerDeathsIgnored, .checkpointNotKept, .checkpointNotBuried,
            .cancelledUnseen, .expiryUnseen, .expiredEarly:
            []
        }
    }
}
