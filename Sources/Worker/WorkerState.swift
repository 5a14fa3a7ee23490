package import JobModel
package import Platform
import Queueing

/// START HERE: what a worker does, as a value. Jobs go fetched → waiting → running → settled; every step is decided here
/// and carried out by `WorkerLoop`.
///
/// `handle` takes in one fact; `next` says what follows from all of them, so that what happened in one turn of the loop
/// travels to Redis in one exchange. Pure: no clock, no chance but its own seeded generator, no input or output.
///
/// What keeps jobs safe:
/// - a reservation is settled by exactly one verdict, and stays in Redis until an answer says it was;
/// - an exchange whose answer was lost is never sent again blindly: first the ids that Redis holds for us are compared;
/// - nothing is fetched or started by a worker that may have been taken for dead.
package struct WorkerState: Sendable {
    package enum Phase: Equatable, Sendable, CustomStringConvertible {
        case running
        case quiet
        /// Without end (`.never`) if the worker is being replaced: its jobs may take what time they need.
        case stopping(deadline: MonotonicTime)

        package var description: String {
            switch self {
            case .running: "running"
            case .quiet: "quiet"
            case .stopping(.never): "ending when empty"
            case .stopping: "stopping"
            }
        }
    }

    let terms: Terms
    package private(set) var phase = Phase.running
    package internal(set) var slots: [Slot]
    /// Never empty; each has some of the slots.
    var capsules: [Capsule]
    /// The one that is the first to ask for jobs in the next exchange.
    var turn = 0
    var pending: [Settlement] = []
    var inFlight: Exchange.Request?
    /// When it was asked.
    var askedAt = MonotonicTime.never
    /// Settlements that Redis could not write, such as a retry into a set of another type, and when to try again.
    var blocked: [Settlement] = []
    var blockedUntil = MonotonicTime.never
    /// By slot: what runs have streamed and Redis does not have yet.
    package internal(set) var streams: [Int: ChunkStream] = [:]
    /// By slot: runs that do their jobs element by element.
    package internal(set) var iterations: [Int: Iteration] = [:]
    /// Runs that a stop has interrupted and that wait for the others, to go back together.
    var interrupted: [Settlement] = []
    var random: SeededGenerator
    /// Jobs that somebody wants cancelled, by jid: as Redis last said, which may be some seconds ago.
    var requests: [String: Cancellation] = [:]
    /// Why nothing is fetched for now; nil while it is.
    package internal(set) var hold: String?

    var isLinked = false
    /// Redis has known us at some time.
    var wasLinked = false
    var isComparing = true
    var isRegistered = true
    var isListening = false
    var nextSequence: UInt64 = 1
    /// Results that were found to be too late and are to be counted with the next exchange.
    var uncountedLate = 0
    /// Ids that were being settled when an answer was lost.
    var uncertain: Set<ReservationID> = []
    /// Ids whose payloads are being read.
    var adopting: Set<ReservationID> = []
    var leaseEnd: MonotonicTime
    var ending = Ending.notYet
    var actions: [WorkerAction] = []

    package init(_ terms: Terms, seed: UInt64, now: MonotonicTime) {
        self.terms = terms
        slots = Array(repeating: .idle, count: terms.slots)
        capsules = Self.capsules(terms, now: now)
        random = SeededGenerator(seed: seed)
        leaseEnd = now
    }

    /// Whether nothing of a job is in our hands: neither waiting, nor running, nor to be settled.
    package var isEmpty: Bool {
        busy == 0 && capsules.allSatisfy(\.waiting.isEmpty) && pending.isEmpty && blocked.isEmpty && interrupted.isEmpty
            && inFlight == nil
            && adopting.isEmpty
    }

    /// What counts of what the run that ended last came to; nil before the first.
    package private(set) var latestOutcome: Outcome?

    /// What follows from the run that ended last; nil once that is on its way.
    package var latestVerdict: Verdict? { pending.last?.verdict }

    /// Takes in one fact.
    package mutating func handle(_ event: WorkerEvent, at now: Moment) {
        switch event {
        case .linkUp:
            isLinked = true
            wasLinked = true
            isRegistered = true
            compare()
        case .linkDown: lost()
        case .exchanged(let answer): exchanged(answer, at: now.boot)
        case .compared(let ids): compared(Set(ids))
        case .adopted(let reservations):
            adopting.removeAll()
            for reservation in reservations {
                capsules[capsule(for: reservation.queue)].waiting.append(reservation, at: now.boot)
            }
        case .leaseRenewed(let end):
            if isLinked && leaseEnd <= now.boot { compare() }
            leaseEnd = end
            isRegistered = true
        case .leaseTaken: loseLease(at: now.boot)
        case .woken: lookAgain()
        case .pushed(let slot, let chunk): pushed(slot, chunk)
        case .chunked(let slot, let id, let answer): chunked(slot, id, answer, at: now)
        case .iterated(let slot, let cursor): iterated(slot, cursor, at: now)
        case .iterationRead(let slot, let id, let record): iterationRead(slot, id, record, at: now)
        case .iterationWritten(let slot, let id, let what): iterationWritten(slot, id, what, at: now)
        case .iterationRefused(let slot, let id): iterationRefused(slot, id, at: now)
        case .requested(let requests): take(requests, at: now)
        case .ran(let slot, let result): ran(slot, result, at: now)
        case .slotWrittenOff(let slot): writeOff(slot)
        case .slotReturned(let slot): restore(slot)
        // What runs beyond the limit goes on; its slot is not filled again.
        case .limited(let slots): capsules[0].limit(to: slots)
        case .held(let reason): hold(because: reason)
        case .quiet:
            guard phase == .running else { return }
            phase = .quiet
            actions.append(.quietHandlers)
        case .stop(let deadline):
            if case .stopping(let earlier) = phase {
                phase = .stopping(deadline: min(earlier, deadline))
            } else {
                phase = .stopping(deadline: deadline)
                actions.append(.quietHandlers)
            }
        case .handlersEnded: if case .handlers = ending { ending = .handlersGone }
        case .deregistered:
            guard case .record = ending else { return }
            exit(isForgotten: true)
        }
    }

    /// What follows from all that was handled since the last call.
    package mutating func next(at now: Moment) -> [WorkerAction] {
        interruptPastDeadline(now.boot)
        followStreams(now)
        followIterations(now)
        requeueInterrupted(now.boot)
        retryBlocked(now.boot)
        fillSlots(now)
        giveBack(now.boot)
        exchangeIfUseful(now)
        endWhenDone(now.boot)
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// When `next` has something to do although nothing happens: nil if never.
    package func wakeUp(after now: MonotonicTime) -> MonotonicTime? {
        var times = endingTimes
        if !blocked.isEmpty { times.append(blockedUntil) }
        times += streamTimes + iterationTimes
        for oldest in capsules.lazy.compactMap(\.waiting.oldest) {
            times.append(oldest.advanced(bySeconds: terms.tuning.patienceSeconds))
        }
        return times.filter { $0 > now }.min()
    }

    // MARK: Running

    private mutating func fillSlots(_ now: Moment) {
        guard isFetching, !isComparing || !isLinked, now.boot < leaseEnd else { return }
        for index in capsules.indices { fillSlots(of: index, now) }
    }

    private mutating func fillSlots(of index: Int, _ now: Moment) {
        while capsules[index].room > 0, let slot = capsules[index].idle.last, let reservation = takeWaiting(for: index)
        {
            do throws(MalformedPayload) {
                let job = try Job(decoding: reservation.payload, limits: terms.payloadLimits)
                if !requests.isEmpty, cancelUnstarted(reservation, job, at: now) { continue }
                if let end = job.expiresAt, end <= now.wall {
                    drop(reservation, job, expiredAt: end)
                    continue
                }
                capsules[index].idle.removeLast()
                slots[slot] = .running(.init(reservation: reservation, job: job, since: now))
                actions.append(.start(slot: slot, job: job, reservation: reservation))
                if reservation.payload.count > terms.payloadLimits.warningBytes {
                    actions.append(.tell(.large(reservation.id, job.route, bytes: reservation.payload.count)))
                }
            } catch {
                actions.append(.tell(.malformed(reservation.id, error)))
                settle(reservation, .bury(payload: []), counts: .nothing)  // Its bytes need not travel back.
            }
        }
    }

    /// - Returns: what becomes of the job.
    @discardableResult
    mutating func conclude(_ slot: Int, _ result: RunResult, at now: Moment) -> Verdict {
        guard let run = slots[slot].occupation else { return .requeue }
        if run.isWrittenOff { slots[slot] = .writtenOff } else { free(slot) }
        capsules[capsule(of: slot)].prefetch.finishedOne()
        let iteration = iterations.isEmpty ? nil : iterations.removeValue(forKey: slot)
        let outcome = run.judge(result, in: terms.identity)
        latestOutcome = outcome
        let verdict = Verdict.decide(
            outcome, for: run.job, from: run.reservation.queue, under: terms.policy, now: now.wall,
            chance: Double.random(in: 0..<1, using: &random), storedBacktrace: result.storedBacktrace)
        if outcome == .interrupted, run.isInterrupted {
            interrupted.append(
                Settlement(
                    id: run.reservation.id, verdict: verdict, counts: .nothing,
                    iteration: iteration?.settled(by: verdict, at: now.boot)))
            return verdict
        }
        if outcome == .interrupted, run.isYielding {
            let away = Verdict.snooze(afterSeconds: Self.yieldSeconds)
            settle(
                run.reservation, away, counts: .nothing, iteration: iteration?.settled(by: away, at: now.boot))
            return away
        }
        let request = run.settledRequest(outcome, hasBegun: result.hasBegun)
        settle(
            run.reservation, verdict, counts: request?.became == .unstarted ? .nothing : Settlement.Counts(of: outcome),
            children: verdict == .ack ? result.children : [], request: request,
            iteration: iteration?.settled(by: verdict, at: now.boot))
        return verdict
    }

    mutating func settle(
        _ reservation: Reservation, _ verdict: Verdict, counts: Settlement.Counts,
        children: [JobDraft.Prepared] = [], request: SettledRequest? = nil,
        iteration: SettledIteration? = nil
    ) {
        pending.append(
            Settlement(
                id: reservation.id, verdict: verdict, counts: counts, children: children, request: request,
                iteration: iteration))
    }

    // MARK: Fetching and settling

    /// What to ask for. All capsules ask at once; whoever is first in one exchange is the last in the next, since one has room
    /// for so many jobs only.
    private mutating func fetches(_ now: MonotonicTime) -> [Exchange.Fetch] {
        guard isFetching, isRegistered, now < leaseEnd else { return [] }
        var left = terms.tuning.exchangeLimit
        var fetches: [Exchange.Fetch] = []
        for place in capsules.indices {
            let index = (turn + place) % capsules.count
            let count = min(capsules[index].wanted(adopting: adopting(for: index), now: now), left)
            guard count > 0 else { continue }
            left -= count
            let order = capsules[index].order
            fetches.append(
                Exchange.Fetch(
                    capsule: index, count: count, steps: order.steps(wanting: count, random: &random),
                    queues: order.names))
        }
        return fetches
    }

    private mutating func retryBlocked(_ now: MonotonicTime) {
        guard !blocked.isEmpty, now >= blockedUntil else { return }
        pending += blocked
        blocked.removeAll()
    }

    private mutating func exchangeIfUseful(_ now: Moment) {
        guard isLinked, !isComparing, inFlight == nil else { return }
        let isUseful = !pending.isEmpty || uncountedLate > 0
        // What steps are drawn is chance: only for an exchange that takes place.
        guard isUseful || capsules.contains(where: \.mayHaveWork) else { return }
        let fetches = fetches(now.boot)
        guard isUseful || fetches.contains(where: { capsules[$0.capsule].mayHaveWork }) else { return }
        turn = (turn + 1) % capsules.count
        let settlements = Array(pending.prefix(min(Exchange.share(of: pending), terms.tuning.exchangeLimit)))
        pending.removeFirst(settlements.count)
        let request = Exchange.Request(
            identity: terms.identity, settlements: settlements, fetches: fetches, firstSequence: nextSequence,
            day: now.wall, deadLimits: terms.deadLimits, late: uncountedLate)
        uncountedLate = 0
        nextSequence += UInt64(request.fetch)  // Never used again, even if the answer is lost.
        inFlight = request
        askedAt = now.boot
        actions.append(.exchange(request))
    }
}
