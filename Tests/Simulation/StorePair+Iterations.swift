import JobModel
import Redis
import Testing

@testable import Queueing

/// Jobs that are done element by element.
extension StorePair {
    private func state() -> IterationState {
        let cursor = chance.one(of: ["null", "7", "\"é\"", "{\"a\":[1.50]}"])
        return IterationState(
            executions: chance.integer(1...9), cursor: Array(cursor.utf8),
            runtimeSeconds: Double(chance.integer(0...9)) / 4)
    }

    func iterating(_ id: ReservationID, _ counts: Settlement.Counts) -> Settlement {
        let jid = chance.one(of: Self.mortals)
        let verdict = chance.one(of: [
            Verdict.ack, .suspend(payload: payload()), .requeue, .retry(afterSeconds: 1000, payload: payload()),
        ])
        let iteration = verdict == .ack ? SettledIteration.ended(jid: jid) : .kept(jid: jid, state())
        return Settlement(id: id, verdict: verdict, counts: counts, iteration: iteration)
    }

    /// How far a job has come that is reserved, or not.
    func iterate(_ identity: String) throws -> String {
        let held = model.ids(of: identity)
        let id = held.isEmpty || chance.happens(0.2) ? stranger() : chance.one(of: held)
        let (jid, state) = (chance.one(of: Self.mortals), state())
        if !model.isFull, chance.happens(0.2) {
            let key = Keys.iteration(jid)
            let known = try redis.call(RedisCommand(["EXISTS", key])).integer == 1
            if known { try redis.call(RedisCommand(["HSET", key, "cancelled", "1795315261"])).accepted() }
            if known { model.iterations[jid]?.cancelledAt = 1_795_315_261 }
        }
        let reply = try redis.call(IterationRecord.writeCommand(state, of: jid, id, identity: identity))
        let expected = Result { () throws(RedisRefusal) in try model.write(state, of: jid, id, identity) }
        switch expected {
        case .success(let expected): #expect(try IterationRecord.written(reply) == expected)
        case .failure(let refusal): #expect(reply.refusal?.code == refusal.code)
        }
        return "iterate \(jid) under \(id)"
    }

    func stranger() -> ReservationID {
        ReservationID(sequence: 99_000_000, queue: QueueName(trusted: "high"))
    }
}
