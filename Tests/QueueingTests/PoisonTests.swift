import JobModel
import Queueing
import Redis
import Testing

@Suite("Deaths that count against a job")
struct PoisonTests {
    private static let limit = PoisonLimit(deaths: 3, seconds: 1000)

    /// What settles a job whose handler died: the payload that is retried or buried says which.
    private func death(_ jid: String = "j", limit: PoisonLimit = limit) -> Verdict {
        .retryUnlessPoison(afterSeconds: 100, payload: bytes("again"), counted(jid, limit: limit))
    }

    private func counted(_ jid: String = "j", limit: PoisonLimit = limit) -> CountedDeath {
        CountedDeath(jid: jid, limit: limit, poisoned: bytes("poisoned"))
    }

    /// Fetches a job and has its handler die.
    @discardableResult
    private func die(_ store: Store, _ verdict: Verdict, sequence: UInt64) throws -> Exchange.Answer {
        try store.push("q", ["1"])
        let held = try store.fetch(1, firstSequence: sequence)
        try store.run("DEL", "retry")
        return try store.settle([held[0].settled(verdict, .failed)])
    }

    @Test("two deaths of handlers are retried, the third buries the job, and then it is counted anew")
    func third() throws {
        let store = try Store()
        try store.lease()
        for sequence in 1...2 as ClosedRange<UInt64> {
            #expect(try die(store, death(), sequence: sequence).poisonedSettlements.isEmpty)
            #expect(try store.set("retry") == ["again"])
            #expect(try store.run("LLEN", Keys.deaths("j")).integer == Int(sequence))
            #expect(try (990...1000).contains(store.run("TTL", Keys.deaths("j")).integer ?? 0))
        }
        let answer = try die(store, death(), sequence: 3)
        #expect(answer.poisonedSettlements.map(\.sequence) == [3])
        #expect(try store.set("dead") == ["poisoned"])
        #expect(try store.set("retry").isEmpty)
        #expect(try store.reserved().isEmpty)
        #expect(try store.number(Keys.poisoned) == 1)
        #expect(try store.number("stat:failed") == 3)
        #expect(try store.run("EXISTS", Keys.deaths("j")).integer == 0)
        #expect(try die(store, death(), sequence: 4).poisonedSettlements.isEmpty)
    }

    @Test("deaths of other jobs do not count, nor do those that are too long ago")
    func oldOnes() throws {
        let store = try Store()
        try store.lease()
        let now = try store.run("TIME").elements?.first?.integer ?? 0
        try store.run("RPUSH", Keys.deaths("j"), "\(now - 1001)", "\(now - 999)")
        #expect(try die(store, death(), sequence: 1).poisonedSettlements.isEmpty)
        #expect(try die(store, death("other"), sequence: 2).poisonedSettlements.isEmpty)
        #expect(try die(store, death(), sequence: 3).poisonedSettlements.count == 1)
    }

    @Test("a settle that comes too late counts nothing")
    func fenced() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1"])
        let held = try store.fetch(1)
        _ = try Rescue.answer(store.redis.call(Rescue.command(identity: "me", force: true)))
        let answer = try store.settle([held[0].settled(death(limit: PoisonLimit(deaths: 1)), .failed)])
        #expect(answer.refusedSettlements.count == 1)
        #expect(answer.poisonedSettlements.isEmpty)
        #expect(try store.run("EXISTS", Keys.deaths("j"), "dead", "retry").integer == 0)
    }

    @Test("where the dead set is of another type nothing is destroyed or counted, and counting stops no retry")
    func wrongTypes() throws {
        let store = try Store()
        try store.lease()
        try store.run("SET", "dead", "text")
        let answer = try die(store, death(limit: PoisonLimit(deaths: 1)), sequence: 1)
        #expect(answer.blockedSettlements.count == 1)
        #expect(try store.reserved().count == 1)
        #expect(try store.run("EXISTS", Keys.deaths("j")).integer == 0)
        try store.run("DEL", "dead")
        try store.run("SET", Keys.deaths("j"), "text")
        #expect(try die(store, death(limit: PoisonLimit(deaths: 1)), sequence: 2).blockedSettlements.isEmpty)
        #expect(try store.set("retry") == ["again"])
    }

    private func rescue(_ store: Store, _ deaths: [ReservationID: CountedDeath]) throws -> Rescue.Answer {
        try Rescue.answer(store.redis.call(Rescue.command(identity: "me", force: true, deaths: deaths)))
    }

    @Test(
        "a job that has pushed a chunk since its worker died is not buried with the checkpoint before it, but goes on")
    func movedOn() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["job"])
        let held = try store.fetch(1)
        let death = CountedDeath(
            jid: "j", limit: PoisonLimit(deaths: 1), poisoned: bytes("poisoned"), seen: bytes("job"))
        let chunk = Chunk(id: held[0].id, before: bytes("job"), after: bytes("job+1"), children: [])
        #expect(try Chunk.answer(store.redis.call(chunk.command(identity: "me", deepest: 0))) == .pushed)
        #expect(try rescue(store, [held[0].id: death]).poisoned.isEmpty)
        #expect(try store.set("dead").isEmpty)
        #expect(try store.queue("q") == ["job+1"])
        #expect(try store.run("LLEN", Keys.deaths("j")).integer == 1, "it counts all the same")
    }

    @Test("the third death of a worker buries what was running and gives back what was only reserved")
    func rescued() throws {
        let store = try Store()
        try store.push("q", ["running", "waiting"])
        for count in 1...3 {
            try store.lease()
            let held = try store.fetch(2, firstSequence: UInt64(10 * count))
            let answer = try rescue(store, [held[0].id: counted()])
            if count < 3 {
                #expect(answer.poisoned.isEmpty)
                #expect(answer.returned == [QueueName(trusted: "q"): 2])
                #expect(try store.queue("q") == ["running", "waiting"])
            } else {
                #expect(answer.poisoned == [held[0].id])
                #expect(answer.returned == [QueueName(trusted: "q"): 1])
            }
        }
        #expect(try store.queue("q") == ["waiting"])
        #expect(try store.set("dead") == ["poisoned"])
        #expect(try store.number(Keys.poisoned) == 1)
        #expect(try store.reserved().isEmpty)
    }

    @Test("deaths of workers and of handlers add up")
    func mixed() throws {
        let store = try Store()
        try store.lease()
        try die(store, death(), sequence: 1)
        try die(store, death(), sequence: 2)
        try store.push("q", ["1"])
        let held = try store.fetch(1, firstSequence: 3)
        #expect(try rescue(store, [held[0].id: counted()]).poisoned == [held[0].id])
    }

    @Test("a death is counted once, however often rescue is tried, and a job that cannot be buried runs again")
    func once() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1"])
        let held = try store.fetch(1)
        try store.run("SET", "queue:q", "text")
        #expect(try rescue(store, [held[0].id: counted()]).troubled.count == 1)
        #expect(try store.run("EXISTS", Keys.deaths("j")).integer == 0)
        try store.run("DEL", "queue:q")
        try store.run("SET", "dead", "text")
        let limit = PoisonLimit(deaths: 1)
        #expect(try rescue(store, [held[0].id: counted(limit: limit)]).poisoned.isEmpty)
        #expect(try store.queue("q") == ["1"])
        #expect(try rescue(store, [held[0].id: counted(limit: limit)]).poisoned.isEmpty)
        #expect(try store.run("LLEN", Keys.deaths("j")).integer == 1)
    }

    @Test("a full Redis counts deaths and buries all the same")
    func full() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2"])
        let held = try store.fetch(2)
        try store.run("CONFIG", "SET", "maxmemory", "1")
        let limit = PoisonLimit(deaths: 1)
        #expect(
            try store.settle([held[0].settled(death(limit: limit), .failed)]).poisonedSettlements == [held[0].id])
        #expect(try rescue(store, [held[1].id: counted(limit: limit)]).poisoned == [held[1].id])
    }

    @Test("what a process last told of its runs can be read again")
    func ownRecord() throws {
        let store = try Store()
        var beat = ProcessRegistry.Beat(identity: "me")
        beat.record = ProcessRecord(
            info: bytes("{}"), concurrency: 2, busy: 1, beat: noon, roundTripMicroseconds: 1, isQuiet: true,
            residentKB: 1)
        beat.work = [
            WorkEntry(
                slot: "0", queue: QueueName(trusted: "q"), payload: bytes("{}"), startedAt: noon, sequence: 1 << 53),
            WorkEntry(slot: "1", queue: QueueName(trusted: "q"), payload: bytes("{}"), startedAt: noon),
        ]
        beat.origin = ProcessOrigin(host: "h", boot: "b", pidNamespace: "1", pid: 1, startTime: 1, role: "worker")
        _ = try ProcessRegistry.answer(store.redis.call(ProcessRegistry.command(beat)))
        let record = RunningAtDeath.ownRecord(
            try store.redis.pipeline(RunningAtDeath.recordCommands(identity: "me")))
        #expect(record == .init(isQuiet: true, sequences: [1 << 53]))
        let none = RunningAtDeath.ownRecord(
            try store.redis.pipeline(RunningAtDeath.recordCommands(identity: "nobody")))
        #expect(none == .init(isQuiet: false, sequences: []))
    }
}
