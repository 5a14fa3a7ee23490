import JobModel
import Platform
import Queueing

/// How a worker ends: nothing more is fetched, what has not started goes back, running jobs get their time, what still
/// runs is interrupted and goes back, handlers end, Redis is told, the process exits. Each step once, and each with a
/// bound, since the supervisor kills what is late.
extension WorkerState {
    enum Ending {
        case notYet
        /// Handlers are being ended.
        case handlers
        case handlersGone
        /// Redis is being told to forget us.
        case record(since: MonotonicTime)
        /// We are off; forgotten if Redis has said so, or has never known us.
        case over(isForgotten: Bool)
    }

    /// Seconds after the deadline. Handlers are gone after about 1 s (their grace); what each bound leaves undone is undone
    /// by rescue, and 1.6 s after the deadline the supervisor kills us.
    enum Patience {
        /// Interrupted runs no longer wait for one another.
        static let together = 1.2
        /// Nothing is settled any more, and Redis no longer waited for.
        static let farewell = 1.3
        /// Gone, whatever Redis says.
        static let exit = 1.5
        /// Redis has this long for the farewell, even if that begins late.
        static let answer = 0.5
    }

    /// Whether nothing of us is left in Redis, as far as we know: no job, no record, no lease.
    package var leavesNothing: Bool {
        guard case .over(let isForgotten) = ending else { return false }
        return isForgotten && isEmpty
    }

    /// When something has to be done although nothing happens.
    var endingTimes: [MonotonicTime] {
        guard case .stopping(let deadline) = phase else { return [] }
        var times = [0, Patience.together, Patience.farewell, Patience.exit].map { deadline.advanced(bySeconds: $0) }
        if case .record(let since) = ending { times.append(since.advanced(bySeconds: Patience.answer)) }
        return times
    }

    /// What waits for a slot goes back: all of it once nothing is started any more, before that what has waited too long.
    mutating func giveBack(_ now: MonotonicTime) {
        let patience = now.advanced(bySeconds: -terms.tuning.patienceSeconds)
        for index in capsules.indices {
            giveBack(
                isFetching
                    ? capsules[index].waiting.take(olderThan: patience) : capsules[index].waiting.takeAll())
        }
    }

    /// What was fetched before somebody paused its queue, and has not begun.
    mutating func giveBack(of paused: Set<QueueName>) {
        guard !paused.isEmpty else { return }
        for index in capsules.indices { giveBack(capsules[index].waiting.takeAll(of: paused)) }
    }

    private mutating func giveBack(_ reservations: [Reservation]) {
        guard !reservations.isEmpty else { return }
        for reservation in reservations { settle(reservation, .requeue, counts: .nothing) }
        actions.append(.tell(.givenBack(count: reservations.count)))
    }

    mutating func interruptPastDeadline(_ now: MonotonicTime) {
        guard case .stopping(let deadline) = phase, now >= deadline else { return }
        for slot in slots.indices {
            guard case .running(var run) = slots[slot], !run.isInterrupted else { continue }
            run.isInterrupted = true
            slots[slot] = .running(run)
            actions.append(.interrupt(slot: slot))
        }
    }

    /// Interrupted runs end one after the other, in no order, and each goes to the end of its queue that is fetched next.
    /// So they wait for the last of them and go back in one exchange, which puts the oldest where it comes out first. None
    /// goes back before its handler has ended: no job runs twice at once.
    mutating func requeueInterrupted(_ now: MonotonicTime) {
        guard !interrupted.isEmpty, case .stopping(let deadline) = phase else { return }
        let isEarly = now < deadline.advanced(bySeconds: Patience.together)
        if isEarly, slots.contains(where: { $0.occupation?.isInterrupted == true }) { return }
        pending += interrupted
        interrupted.removeAll()
    }

    /// The farewell was not heard; it is said again on the next connection.
    mutating func loseFarewell() {
        if case .record = ending { ending = .handlersGone }
    }

    mutating func exit(isForgotten: Bool) {
        ending = .over(isForgotten: isForgotten)
        actions.append(.exit)
    }

    mutating func endWhenDone(_ now: MonotonicTime) {
        guard case .stopping(let deadline) = phase else { return }
        func isPast(_ seconds: Double) -> Bool { now >= deadline.advanced(bySeconds: seconds) }
        switch ending {
        case .notYet where isEmpty || isPast(0):
            // Past the deadline all handlers end at once, together with the runs that were just interrupted.
            ending = .handlers
            actions.append(.endHandlers)
        case .handlersGone where isEmpty && !wasLinked: exit(isForgotten: true)
        // Cut off, there is somebody to say farewell to as soon as Redis is back; and reservations, perhaps, that a fetch
        // without an answer has made.
        case .handlersGone where isLinked && (isEmpty && !isComparing || isPast(Patience.farewell)):
            ending = .record(since: now)
            actions.append(.deregister)
        case .handlersGone where isPast(Patience.farewell): exit(isForgotten: false)
        case .record(let since) where isPast(Patience.exit) && now >= since.advanced(bySeconds: Patience.answer):
            exit(isForgotten: false)
        default: break
        }
    }
}
