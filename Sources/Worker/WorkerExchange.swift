import JobModel
import Platform
import Queueing
import Redis

/// What answers, lost answers and comparisons with Redis mean to a worker.
extension WorkerState {
    /// Redis answered: the settlements are written, or refused because the reservations are no longer ours.
    mutating func exchanged(_ answer: Exchange.Answer, at now: MonotonicTime) {
        guard let request = inFlight else { return }
        inFlight = nil
        for index in capsules.indices { capsules[index].prefetch.answered(after: now.seconds(since: askedAt)) }
        for id in answer.refusedSettlements { actions.append(.tell(.late(id))) }
        for id in answer.poisonedSettlements { actions.append(.tell(.poisoned(id, jid: request.countedJID(of: id)))) }
        hold(answer.blockedSettlements, of: request, until: now.advanced(bySeconds: terms.tuning.blockedSeconds))
        for (queue, refusal) in answer.troubledQueues { actions.append(.tell(.troubled(queue, refusal.message))) }
        guard answer.isRegistered else {
            loseLease(at: now)
            return
        }
        take(answer, to: request.fetches, at: now)
        giveBack(of: answer.pausedQueues)
    }

    private mutating func take(_ answer: Exchange.Answer, to fetches: [Exchange.Fetch], at now: MonotonicTime) {
        var next = answer.fetched.startIndex
        var shorts: [Int] = []
        for (fetch, count) in zip(fetches, answer.counts) {
            for reservation in answer.fetched[next..<next + count] {
                capsules[fetch.capsule].waiting.append(reservation, at: now)
            }
            next += count
            capsules[fetch.capsule].learn(isFull: count == fetch.count)
            if count < fetch.count { shorts.append(fetch.capsule) }
        }
        decideToListen(shorts, fetches)
    }

    /// Keeps what Redis could not write for another attempt: the jobs are still reserved.
    private mutating func hold(
        _ refused: [(id: ReservationID, refusal: RedisRefusal)], of request: Exchange.Request, until: MonotonicTime
    ) {
        guard !refused.isEmpty else { return }
        let ids = Set(refused.map(\.id))
        blocked += request.settlements.filter { ids.contains($0.id) }
        blockedUntil = until
        for (id, refusal) in refused { actions.append(.tell(.blocked(id, refusal.message))) }
    }

    /// Decides between asking again at once, which a backlog deserves, and being told of the next push.
    ///
    /// - Parameter shorts: capsules that got less than they wanted.
    private mutating func decideToListen(_ shorts: [Int], _ fetches: [Exchange.Fetch]) {
        if !shorts.isEmpty {
            guard !isListening else { return }
            isListening = true
            // One more look, after listening began: a push in between is not missed.
            for index in shorts { capsules[index].mayHaveWork = true }
            actions.append(.listen(true))
        } else if isListening, !fetches.isEmpty,
            fetches.allSatisfy({ capsules[$0.capsule].fullFetches >= terms.tuning.busyAfterFullFetches }),
            capsules.allSatisfy(\.mayHaveWork)
        {
            isListening = false
            actions.append(.listen(false))
        }
    }

    /// Somebody took us for dead: registers again, and starts nothing before that is done and ids were compared.
    mutating func loseLease(at now: MonotonicTime) {
        leaseEnd = now
        guard isRegistered else { return }
        isRegistered = false
        actions.append(.register)
    }

    /// The connection is gone: what the last exchange did is unknown until ids are compared.
    mutating func lost() {
        isLinked = false
        isComparing = true
        isListening = false
        for index in capsules.indices { capsules[index].forgetFetches() }
        adopting.removeAll()
        loseFarewell()
        loseStreams()
        loseIterations()
        if let request = inFlight {
            uncertain.formUnion(request.settlements.lazy.map(\.id))
            pending.insert(contentsOf: request.settlements, at: 0)
            inFlight = nil
        }
    }

    /// Starts nothing and settles nothing until Redis has said what it holds for us.
    mutating func compare() {
        isComparing = true
        actions.append(.compare)
    }

    /// Puts what Redis holds for us beside what we know.
    ///
    /// Ids we do not know were reserved by a fetch whose answer was lost: they are adopted. Ids we hold and Redis does not
    /// were settled by an exchange whose answer was lost, or given to others while we were taken for dead.
    mutating func compared(_ held: Set<ReservationID>) {
        isComparing = false
        var known = adopting
        for settlement in inFlight?.settlements ?? [] { known.insert(settlement.id) }
        var taken: [ReservationID] = []

        pending += blocked
        blocked.removeAll()
        var late: [ReservationID] = []
        var lateResults = 0  // What was to be put back unstarted, or was interrupted, is no result.
        let uncertain = uncertain
        func isGone(_ settlement: Settlement) -> Bool {
            known.insert(settlement.id)
            guard !held.contains(settlement.id) else { return false }
            guard !uncertain.contains(settlement.id) else { return true }
            late.append(settlement.id)
            if settlement.isResult { lateResults += 1 }
            return true
        }
        pending.removeAll(where: isGone)
        interrupted.removeAll(where: isGone)
        for id in late { actions.append(.tell(.late(id))) }
        uncountedLate += lateResults
        self.uncertain.removeAll()
        for index in capsules.indices {
            taken += capsules[index].waiting.remove(allBut: held).map(\.id)
            known.formUnion(capsules[index].waiting.ids)
        }
        for slot in slots.indices {
            guard let run = slots[slot].occupation else { continue }
            known.insert(run.reservation.id)
            guard !run.isFenced, !held.contains(run.reservation.id) else { continue }
            fence(slot)
            taken.append(run.reservation.id)
        }
        if !taken.isEmpty { actions.append(.tell(.taken(taken.sorted()))) }

        let strangers = held.subtracting(known).sorted()
        guard !strangers.isEmpty else { return }
        adopting.formUnion(strangers)
        actions.append(.tell(.adopting(count: strangers.count)))
        actions.append(.readPayloads(strangers))
    }
}

extension Exchange.Request {
    /// The jid by which a settlement counts a death.
    fileprivate func countedJID(of id: ReservationID) -> String? {
        guard case .retryUnlessPoison(_, _, let death) = settlements.first(where: { $0.id == id })?.verdict else {
            return nil
        }
        return death.jid
    }
}
