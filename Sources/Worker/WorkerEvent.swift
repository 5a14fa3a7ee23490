package import JobModel
package import Platform
package import Queueing

/// Something that happened to a worker. Facts only: what follows from them is for `WorkerState` to say.
package enum WorkerEvent: Sendable {
    /// Connected, registered, and able to exchange with Redis.
    case linkUp
    /// The connection is gone, and with it the answer to whatever was asked on it.
    case linkDown
    /// The answer to the exchange that was under way.
    case exchanged(Exchange.Answer)
    /// The ids that Redis holds for this process, as of a moment when no exchange was unanswered before it.
    case compared([ReservationID])
    /// Payloads of reservations that Redis holds for us and we did not know.
    case adopted([Reservation])
    /// The lease is ours until this moment of CLOCK_BOOTTIME.
    case leaseRenewed(until: MonotonicTime)
    /// Somebody took us for dead and has rescued what we held.
    case leaseTaken
    /// A queue may have something: a push was noticed, or the slow poll is due.
    case woken
    /// The run in a slot has written children that are not to wait for its end.
    case pushed(slot: Int, StreamedChunk)
    /// The answer to a chunk of the run that had this reservation in this slot.
    case chunked(slot: Int, ReservationID, Chunk.Answer)
    /// The run in a slot does its job element by element: it asks where to go on (nil), or has come to this element.
    case iterated(slot: Int, cursor: [UInt8]?)
    /// How far the job had come of the run that had this reservation in this slot; nil if nothing is known.
    case iterationRead(slot: Int, ReservationID, IterationRecord?)
    case iterationWritten(slot: Int, ReservationID, IterationRecord.Written)
    /// Redis did not let either be done.
    case iterationRefused(slot: Int, ReservationID)
    /// The requests to cancel jobs that stand, by jid: all of them.
    case requested([String: Cancellation])
    /// The run in a slot came to an end.
    case ran(slot: Int, RunResult)
    /// A killed process that had this slot does not end: nothing may be started in it. Comes before `ran`.
    case slotWrittenOff(Int)
    /// That process has ended.
    case slotReturned(Int)
    /// So many slots of the first capsule are to be in use at the most; what runs in others goes on.
    case limited(Int)
    /// Fetch nothing while there is a reason, and give back what has not started; running jobs go on. Nil: go on.
    case held(String?)
    /// Fetch nothing more; running jobs go on.
    case quiet
    /// Quiet, wait for running jobs until the deadline, put the rest back, end.
    case stop(deadline: MonotonicTime)
    /// All handler processes have ended.
    case handlersEnded
    /// Redis says that lease and process record are gone.
    case deregistered
}

/// What is to be done; `WorkerLoop` does it.
package enum WorkerAction: Sendable {
    /// Settle and fetch in one call; answered by `exchanged`, or by `linkDown`.
    case exchange(Exchange.Request)
    /// Push a chunk of the run in this slot; answered by `chunked`, or by `linkDown`.
    case stream(slot: Int, Chunk)
    /// Leave what the run's process writes in its pipe (true), or go on reading it.
    case hold(slot: Int, Bool)
    /// Read how far the job of the run in this slot has come; answered by `iterationRead`, or by `linkDown`.
    case readIteration(slot: Int, ReservationID, jid: String)
    /// Write it; answered by `iterationWritten`, or by `linkDown`.
    case writeIteration(slot: Int, ReservationID, jid: String, IterationState)
    /// Tell the run in this slot.
    case tellIteration(slot: Int, IterationMessage)
    /// What becomes of a run that ended earlier and had to wait for its chunks.
    case concluded(slot: Int, Slot.Occupation, Outcome, Verdict)
    /// Read the ids that Redis holds for this process; answered by `compared`.
    case compare
    /// Make ourselves known again: the record in Redis is gone; answered by `leaseRenewed`.
    case register
    /// Read the payloads of these reservations; answered by `adopted`.
    case readPayloads([ReservationID])
    /// Be told of pushes (true), or not: a busy worker asks anyway.
    case listen(Bool)
    /// Have the job done in this slot; answered by `ran`.
    case start(slot: Int, job: Job, reservation: Reservation)
    /// End the run in this slot now; answered by `ran` with the outcome `interrupted`.
    case interrupt(slot: Int)
    /// Somebody wants the run in this slot ended; answered by `ran`.
    case cancel(slot: Int, Failure)
    /// No handler process needs to wait for another job.
    case quietHandlers
    /// End all handler processes; answered by `handlersEnded`.
    case endHandlers
    /// Flush the counters and take the process record away; answered by `deregistered`.
    case deregister
    /// Nothing is left to do.
    case exit
    /// Worth a line in the log.
    case tell(WorkerNotice)

    /// Whether it gives a handler a job.
    var isStart: Bool { if case .start = self { true } else { false } }
}

/// Things an operator wants to read about.
package enum WorkerNotice: Sendable {
    /// A payload that no handler can be given: it goes to the dead set as it is.
    case malformed(ReservationID, MalformedPayload)
    /// A payload that is run, and heavier than jobs should be.
    case large(ReservationID, JobClass, bytes: Int)
    /// A result that came after the reservation was given to somebody else: nothing was written for it.
    case late(ReservationID)
    /// A job that was to be retried, and is buried instead: whatever runs it dies, too often.
    case poisoned(ReservationID, jid: String?)
    /// Reservations found in Redis that an unanswered fetch had made.
    case adopting(count: Int)
    /// Reservations that are no longer ours, although nobody here settled them.
    case taken([ReservationID])
    /// A settlement that Redis could not write, in its words; it is tried again.
    case blocked(ReservationID, String)
    /// A queue that could not be fetched from, in Redis's words.
    case troubled(QueueName, String)
    /// Children that a run streams and that are not taken for now; the run waits.
    case held(ReservationID, ChunkStream.Obstacle)
    /// A run that was ended since its children need its slot; it goes on after some seconds.
    case yielded(ReservationID)
    /// A job that was fetched and not begun, and that somebody wants cancelled. Redis has it put back if the request is gone.
    case unstarted(Job, QueueName, Failure)
    /// A job that was fetched and not begun, and that expired at this time: it is dropped.
    case expired(Job, QueueName, at: Timestamp)
    /// Put back without having been started.
    case givenBack(count: Int)
}

/// A moment on both clocks: CLOCK_BOOTTIME, which orders events and measures, and the calendar's, which is written down.
package struct Moment: Sendable {
    package let boot: MonotonicTime
    package let wall: Timestamp

    package init(boot: MonotonicTime, wall: Timestamp) {
        self.boot = boot
        self.wall = wall
    }
}
