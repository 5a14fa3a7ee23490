import JobModel
import Queueing
import Redis
import Testing

@Suite("How far a job has come that is done element by element")
struct IterationTests {
    private let state = IterationState(executions: 2, cursor: bytes(#"{"id":42}"#), runtimeSeconds: 12.5)

    private func fields(_ store: Store) throws -> [String: String] {
        var found: [String: String] = [:]
        for (name, value) in try store.run("HGETALL", "it-j").pairs ?? [] { found[name.text ?? ""] = value.text }
        return found
    }

    private func held(_ store: Store) throws -> Reservation {
        try store.lease()
        try store.push("q", ["1"])
        return try #require(store.fetch(1).first)
    }

    private func write(_ state: IterationState, _ id: ReservationID, _ store: Store) throws -> IterationRecord.Written {
        try IterationRecord.written(
            store.redis.call(IterationRecord.writeCommand(state, of: "j", id, identity: "me")))
    }

    @Test("it is written in Sidekiq's members, lives 30 days from its first write, and is read as it was written")
    func written() throws {
        let store = try Store()
        let job = try held(store)
        #expect(try IterationRecord.read(store.redis.call(IterationRecord.readCommand("j"))) == nil)
        #expect(try write(state, job.id, store) == .written(cancelledAt: nil))
        #expect(try fields(store) == ["ex": "2", "c": #"{"id":42}"#, "rt": "12.5"])
        #expect(try store.run("TTL", "it-j").integer ?? 0 > 2_591_000)
        try store.run("EXPIRE", "it-j", "1000")
        #expect(try write(state, job.id, store) == .written(cancelledAt: nil))
        #expect(try store.run("TTL", "it-j").integer ?? 0 <= 1000, "from the first write on")
        let record = try IterationRecord.read(store.redis.call(IterationRecord.readCommand("j")))
        #expect(record == IterationRecord(state: state))
    }

    @Test("whoever writes learns that somebody has cancelled the job, as Sidekiq's cancel! does")
    func cancelled() throws {
        let store = try Store()
        let job = try held(store)
        try store.run("HSETNX", "it-j", "cancelled", "1795315261")
        let before = try IterationRecord.read(store.redis.call(IterationRecord.readCommand("j")))
        #expect(before == IterationRecord(cancelledAt: 1_795_315_261), "a job that has not run yet")
        #expect(try write(state, job.id, store) == .written(cancelledAt: 1_795_315_261))
        #expect(try fields(store)["cancelled"] == "1795315261")
    }

    @Test("a worker that has lost the job writes nothing")
    func fenced() throws {
        let store = try Store()
        let job = try held(store)
        try store.run("DEL", Keys.reservations("me"))
        #expect(try write(state, job.id, store) == .gone)
        let answer = try store.settle([
            Settlement(id: job.id, verdict: .ack, counts: .succeeded, iteration: .kept(jid: "j", state))
        ])
        #expect(answer.refusedSettlements == [job.id])
        #expect(try fields(store).isEmpty)
    }

    @Test("what another program has written there is read as far as it means something")
    func odd() throws {
        let store = try Store()
        try store.run("HSET", "it-j", "ex", "many", "c", "{", "rt", "-3", "cancelled", "1e999", "more", "x")
        let record = try IterationRecord.read(store.redis.call(IterationRecord.readCommand("j")))
        #expect(record?.state == IterationState())
    }

    @Test(
        "an interrupted job waits behind the others of its queue, counts as processed, and its cursor is written with that"
    )
    func suspended() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2"])
        let job = try #require(store.fetch(1).first)
        try store.settle([
            Settlement(
                id: job.id, verdict: .suspend(payload: bytes("1 dated")), counts: .succeeded,
                iteration: .kept(jid: "j", state))
        ])
        #expect(try store.queue("q") == ["2", "1 dated"])
        #expect(try fields(store) == ["ex": "2", "c": #"{"id":42}"#, "rt": "12.5"])
        #expect(try store.number("stat:processed") == 1 && store.number("stat:failed") == 0)
        #expect(try store.reserved().isEmpty)
    }

    @Test(
        "it stays while the job may go on, also in the dead set, and ends with the job",
        arguments: [
            (Verdict.retry(afterSeconds: 5, payload: bytes("r")), true), (.bury(payload: bytes("b")), true),
            (.requeue, true), (.snooze(afterSeconds: 3), true), (.ack, false), (.discard, false),
        ])
    func ends(verdict: Verdict, isKept: Bool) throws {
        let store = try Store()
        let job = try held(store)
        #expect(try write(IterationState(executions: 2), job.id, store) == .written(cancelledAt: nil))
        let iteration = isKept ? SettledIteration.kept(jid: "j", state) : .ended(jid: "j")
        try store.settle([Settlement(id: job.id, verdict: verdict, counts: .nothing, iteration: iteration)])
        #expect(try fields(store)["c"] == (isKept ? #"{"id":42}"# : nil))
        #expect(try store.reserved().isEmpty)
    }

    @Test("a key of another type costs the cursor and never the job")
    func wrongType() throws {
        let store = try Store()
        let job = try held(store)
        try store.run("SET", "it-j", "x")
        try store.settle([
            Settlement(
                id: job.id, verdict: .suspend(payload: bytes("1")), counts: .succeeded,
                iteration: .kept(jid: "j", state))
        ])
        #expect(try store.queue("q") == ["1"])
    }
}
