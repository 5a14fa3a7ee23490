import JobModel
import Redis

@testable import Queueing

/// exchange.lua
extension Store {
    func exchange(_ request: Exchange.Request) -> Exchange.Answer {
        var answer = Exchange.Answer()
        // The order of the command: what just ends first, then the others, the oldest last.
        let ends = request.settlements.filter(\.justEnds)
        let others = request.settlements.filter { !$0.justEnds }.sorted { $1.id < $0.id }
        for settlement in ends + others { settle(judged(settlement), request, &answer) }
        answer.isRegistered = leases[request.identity] != nil
        answer.counts = request.fetches.map { _ in 0 }
        if answer.isRegistered { fetch(request, &answer) }
        return answer
    }

    /// What was not begun is cancelled only while the request stands, and goes back otherwise.
    private func judged(_ settlement: Settlement) -> Settlement {
        guard let request = settlement.request, request.became == .unstarted, requests[request.jid] == nil,
            breakage != .requestNotAskedAgain
        else { return settlement }
        return Settlement(id: settlement.id, verdict: .requeue, counts: settlement.counts)
    }

    private func settle(_ settlement: Settlement, _ request: Exchange.Request, _ answer: inout Exchange.Answer) {
        let (identity, id) = (request.identity, settlement.id)
        if breakage == .deathCountedBeforeRemoval, case .retryUnlessPoison(_, _, let death) = settlement.verdict {
            _ = isPoison(death, of: id, by: identity)
        }
        if breakage == .requestAnsweredUnseen { self.answer(settlement.request) }
        if let refusal = objection(to: settlement) {
            if breakage == .refusedSettlementForgotten { return }
            answer.blockedSettlements.append((id, refusal))
        } else if let payload = take(settlement, of: identity) {
            follow(settlement, payload, request, &answer)
            switch settlement.counts {
            case .nothing: break
            case .succeeded: processed += 1
            case .expired:
                processed += 1
                expired += 1
            case .failed:
                processed += 1
                failed += 1
            }
            books?.settled(
                settlement, of: identity, isPoison: answer.poisonedSettlements.last == id,
                isAsked: settlement.request.map { requests[$0.jid] != nil } ?? false)
            self.answer(settlement.request)
            keep(settlement.iteration)
        } else {
            answer.refusedSettlements.append(id)
        }
    }

    /// HDEL, and whether it removed one.
    private func take(_ settlement: Settlement, of identity: String) -> [UInt8]? {
        let id = settlement.id
        if breakage == .popInsteadOfMove { return popped[identity]?[id] }
        if breakage == .requeuedWithoutRemoval, settlement.verdict == .requeue { return reservations[identity]?[id] }
        if let payload = reservations[identity]?.removeValue(forKey: id) {
            if reservations[identity]?.isEmpty == true { reservations[identity] = nil }
            if breakage == .settledWithoutFence { popped[identity, default: [:]][id] = payload }
            return payload
        }
        return breakage == .settledWithoutFence ? popped[identity]?[id] : nil
    }

    private func objection(to settlement: Settlement) -> RedisRefusal? {
        switch settlement.verdict {
        case .retry: refusal(.retry)
        case .retryUnlessPoison: refusal(.retry) ?? refusal(.dead)
        case .snooze: refusal(.schedule)
        case .bury: refusal(.dead)
        case .requeue, .suspend: refusal(.queue(settlement.id.queue))
        case .ack, .discard:
            settlement.children.lazy.compactMap { self.refusal($0.at == nil ? .queue($0.queue) : .schedule) }.first
        }
    }

    private func follow(
        _ settlement: Settlement, _ payload: [UInt8], _ request: Exchange.Request, _ answer: inout Exchange.Answer
    ) {
        let (number, limits) = (settlement.id.sequence, request.deadLimits)
        switch settlement.verdict {
        case .retry(let seconds, let payload): add(payload, to: \.retry, at: after(seconds), number: number)
        case .retryUnlessPoison(_, _, let death) where isFatal(death, settlement.id, request.identity):
            bury(death.poisoned, number: number)
            trimDead(limits)
            answer.poisonedSettlements.append(settlement.id)
        case .retryUnlessPoison(let seconds, let payload, _):
            add(payload, to: \.retry, at: after(seconds), number: number)
        case .snooze(let seconds): add(payload, to: \.schedule, at: after(seconds), number: number)
        case .bury(let changed):
            bury(changed.isEmpty ? payload : changed, number: number)
            trimDead(limits)
        case .suspend(let payload): push(payload, to: settlement.id.queue)
        case .requeue: putBack(payload, to: settlement.id.queue)
        case .ack, .discard:
            for child in settlement.children {
                if let at = child.at {
                    add(child.payload, to: \.schedule, at: at, number: number)
                } else {
                    push(child.payload, to: child.queue)
                }
            }
        }
    }

    private func isFatal(_ death: CountedDeath, _ id: ReservationID, _ identity: String) -> Bool {
        breakage != .deathCountedBeforeRemoval && breakage != .handlerDeathsIgnored
            && isPoison(death, of: id, by: identity)
    }

    private func fetch(_ request: Exchange.Request, _ answer: inout Exchange.Answer) {
        answer.counts = request.fetches.map { fetch in
            for step in fetch.steps where paused.contains(fetch.queues[step.queue]) {
                answer.pausedQueues.insert(fetch.queues[step.queue])
            }
            let before = answer.fetched.count
            self.fetch(fetch, request, &answer)
            return answer.fetched.count - before
        }
    }

    private func fetch(_ fetch: Exchange.Fetch, _ request: Exchange.Request, _ answer: inout Exchange.Answer) {
        var wanted = fetch.count
        for step in fetch.steps {
            if wanted == 0 { break }
            let queue = fetch.queues[step.queue]
            if paused.contains(queue), breakage != .pauseIgnored { continue }
            if let refusal = refusal(.queue(queue)) {
                answer.troubledQueues.append((queue, refusal))
                continue
            }
            for _ in 0..<min(wanted, max(1, step.atMost)) {
                guard let payload = queues[queue]?.popLast() else { break }
                let sequence = request.firstSequence + UInt64(answer.fetched.count)
                let reservation = Reservation(id: ReservationID(sequence: sequence, queue: queue), payload: payload)
                answer.fetched.append(reservation)
                wanted -= 1
                if breakage == .popInsteadOfMove {
                    popped[request.identity, default: [:]][reservation.id] = payload
                } else {
                    reservations[request.identity, default: [:]][reservation.id] = payload
                    if breakage == .settledWithoutFence {
                        popped[request.identity, default: [:]][reservation.id] = payload
                    }
                }
                books?.fetched(
                    reservation.id, by: request.identity, payload, isPaused: paused.contains(queue))
            }
            if queues[queue]?.isEmpty == true { queues[queue] = nil }
        }
    }
}
