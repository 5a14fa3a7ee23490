import JobModel
import Platform
import Queueing

/// Runs that do their jobs element by element: they are told where to go on, and stop between two elements when they are not
/// wanted here any more.
///
/// What keeps an element from being lost or done twice for nothing: the cursor is written with the settlement of the run, in one
/// step, whatever becomes of the job; and never before the children are there that the elements before it have pushed.
extension WorkerState {
    /// A run asks where to go on, or has come to an element.
    mutating func iterated(_ slot: Int, _ cursor: [UInt8]?, at now: Moment) {
        guard let run = slots[slot].occupation, let jid = run.job.jid else { return }
        guard let cursor else {
            iterations[slot] = Iteration(jid: jid)
            return
        }
        let isBehind = streams[slot].map { !$0.isEmpty } ?? false
        iterations[slot]?.come(to: cursor, hasChildrenOnTheirWay: isBehind, at: now.boot)
    }

    /// Redis has said how far the job had come. The run that asked may be over.
    mutating func iterationRead(_ slot: Int, _ id: ReservationID, _ record: IterationRecord?, at now: Moment) {
        guard slots[slot].occupation?.reservation.id == id, iterations[slot]?.isTold == false,
            let message = iterations[slot]?.begin(record, at: now.boot)
        else { return }
        actions.append(.tellIteration(slot: slot, message))
    }

    mutating func iterationRefused(_ slot: Int, _ id: ReservationID, at now: Moment) {
        guard slots[slot].occupation?.reservation.id == id else { return }
        iterations[slot]?.readRefused(until: now.boot.advanced(bySeconds: terms.tuning.blockedSeconds))
        iterations[slot]?.written(cancelledAt: nil, at: now.boot)
    }

    mutating func iterationWritten(_ slot: Int, _ id: ReservationID, _ what: IterationRecord.Written, at now: Moment) {
        guard let run = slots[slot].occupation, run.reservation.id == id else { return }
        switch what {
        case .written(let cancelledAt): iterations[slot]?.written(cancelledAt: cancelledAt, at: now.boot)
        case .gone:
            iterations[slot]?.written(cancelledAt: nil, at: now.boot)
            guard !run.isFenced else { return }
            actions.append(.tell(.taken([id])))
            fence(slot)
        }
    }

    /// What is to be read, written and told.
    mutating func followIterations(_ now: Moment) {
        guard !iterations.isEmpty else { return }
        // A dictionary's order is another in each process, and what is done should not depend on it.
        for slot in iterations.keys.sorted() {
            guard var iteration = iterations[slot], let run = slots[slot].occupation else { continue }
            let isUnwanted = phase != .running || run.isFenced
            if let message = iteration.nextOrder(
                isUnwanted: isUnwanted, longest: terms.iterationSeconds, at: now.boot)
            {
                actions.append(.tellIteration(slot: slot, message))
            }
            let id = run.reservation.id
            if isLinked, !isComparing, iteration.shouldRead(at: now.boot) {
                iteration.read()
                actions.append(.readIteration(slot: slot, id, jid: iteration.jid))
            }
            if isLinked, !isComparing, !run.isFenced, iteration.shouldWrite(at: now.boot),
                let state = iteration.state(at: now.boot)
            {
                iteration.write()
                actions.append(.writeIteration(slot: slot, id, jid: iteration.jid, state))
            }
            iterations[slot] = iteration
        }
    }

    mutating func loseIterations() {
        for slot in iterations.keys { iterations[slot]?.lose() }
    }

    var iterationTimes: [MonotonicTime] {
        guard !iterations.isEmpty else { return [] }
        return iterations.values.flatMap { $0.times(longest: terms.iterationSeconds) }
    }
}

extension Outcome {
    /// Whether what the run has streamed is to be pushed all the same: nobody would push it again.
    var keepsChunks: Bool { self == .succeeded || self == .suspended }
}
