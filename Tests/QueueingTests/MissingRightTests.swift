import JobModel
import Queueing
import Redis
import TestSupport
import Testing

/// Each script removes a job from one place before it writes it to the other.
@Suite("A right that Redis's access list lacks costs no job")
struct MissingRightTests {
    /// A store whose user may not do some things, until `permit` is called.
    private func store(without rights: String...) throws -> Store {
        let store = try Store()
        try store.lease()
        for right in rights { try store.run("ACL", "SETUSER", "martlet", "-\(right)") }
        return store
    }

    private func permit(_ store: Store, _ rights: String...) throws {
        for right in rights { try store.run("ACL", "SETUSER", "martlet", "+\(right)") }
        try store.run("ACL", "LOG", "RESET")  // Else what was refused on purpose fails the test.
    }

    @Test("one that cannot go back to its queue stays reserved")
    func requeue() throws {
        let store = try store(without: "rpush")
        try store.push("q", ["1"])
        let held = try store.fetch(1)
        let refused = try store.settle([held[0].settled(.requeue)])
        #expect(refused.blockedSettlements.map(\.id) == [held[0].id])
        #expect(refused.blockedSettlements.first?.refusal.meaning == .barred)
        #expect(try store.reserved() == [held[0].id.text: "1"])

        try permit(store, "rpush")
        try store.settle([held[0].settled(.requeue)])
        #expect(try store.queue("q") == ["1"])
        #expect(try store.reserved().isEmpty)
    }

    @Test("without the right to ask whether a queue exists, queues are asked one by one")
    func exists() throws {
        let store = try store(without: "exists")
        try store.push("q19", ["1"])
        let fetched = try store.exchange(store.fetching(2, from: (0..<20).map { "q\($0)" })).fetched
        #expect(fetched.map(\.text) == ["1"])
        try permit(store, "exists")
    }

    @Test("one that is done stays reserved and uncounted while its children cannot be pushed, and none of them is")
    func children() throws {
        let store = try store(without: "lpush")
        try store.run("RPUSH", "queue:q", "1")
        let held = try store.fetch(1)
        let children = [
            JobDraft.Prepared(payload: bytes("later"), queue: .standard, at: 9_000_000_000, jid: "a"),
            JobDraft.Prepared(payload: bytes("now"), queue: .standard, at: nil, jid: "b"),
        ]
        let done = Settlement(id: held[0].id, verdict: .ack, counts: .succeeded, children: children)
        for _ in 0..<2 { #expect(try store.settle([done]).blockedSettlements.count == 1) }
        #expect(try store.set("schedule").isEmpty)
        #expect(try store.number("stat:processed") == 0)
        #expect(try store.reserved().count == 1)

        try permit(store, "lpush")
        try store.settle([done])
        #expect(try store.set("schedule") == ["later"])
        #expect(try store.queue("default") == ["now"])
        #expect(try store.number("stat:processed") == 1)
    }

    @Test("one that is buried is there once, though the dead set cannot be trimmed")
    func bury() throws {
        let store = try store(without: "zremrangebyrank", "zremrangebyscore")
        try store.push("q", ["1"])
        try store.settle([try store.fetch(1)[0].settled(.bury(payload: []))])
        #expect(try store.set("dead") == ["1"])
        #expect(try store.reserved().isEmpty)
        try permit(store, "zremrangebyrank", "zremrangebyscore")
    }

    @Test("one that is due stays in its set, and is put off")
    func promote() throws {
        let store = try store(without: "lpush")
        let payload = #"{"class":"A","args":[],"queue":"q"}"#
        try store.run("ZADD", "retry", "1", payload)
        let due = try DueJobs.due(store.redis.call(DueJobs.dueCommand(.retry)))
        let answer = try DueJobs.answer(store.redis.call(DueJobs.promoteCommand(due, from: .retry)))
        #expect(answer.promoted == 0)
        #expect(answer.troubled.keys.sorted() == ["queue:q"])
        #expect(try store.set("retry") == [payload])
        let score = try #require(store.run("ZSCORE", "retry", payload).number)
        #expect(score > due.now.seconds + 50)
        try permit(store, "lpush")
    }

    @Test("those of a process that is gone stay reserved, and rescue is tried again")
    func rescue() throws {
        let store = try store(without: "rpush")
        try store.push("q", ["1", "2"])
        _ = try store.fetch(2)
        let refused = try Rescue.answer(store.redis.call(Rescue.command(identity: "me", force: true)))
        #expect(refused.troubled.keys.map(\.text) == ["q"])
        #expect(try store.reserved().values.sorted() == ["1", "2"])
        #expect(try store.run("ZSCORE", Keys.leases, "me").number == 0)

        try permit(store, "rpush")
        let answer = try Rescue.answer(store.redis.call(Rescue.command(identity: "me")))
        #expect(answer.returned == [QueueName(trusted: "q"): 2])
        #expect(try store.queue("q") == ["1", "2"])
    }

    @Test("a death that can be neither retried nor buried counts once it can")
    func deathOfHandler() throws {
        let store = try store(without: "zadd")
        try store.push("q", ["1"])
        let held = try store.fetch(1)
        let death = CountedDeath(jid: "j", limit: PoisonLimit(deaths: 2), poisoned: bytes("poisoned"))
        let verdict = Verdict.retryUnlessPoison(afterSeconds: 100, payload: bytes("again"), death)
        for _ in 0..<3 {
            #expect(try store.settle([held[0].settled(verdict, .failed)]).blockedSettlements.count == 1)
            #expect(try store.run("EXISTS", Keys.deaths("j")).integer == 0)
        }
        #expect(try store.reserved().count == 1)

        try permit(store, "zadd")
        #expect(try store.settle([held[0].settled(verdict, .failed)]).poisonedSettlements.isEmpty)
        #expect(try store.set("retry") == ["again"])
        #expect(try store.run("LLEN", Keys.deaths("j")).integer == 1)
    }

    @Test("a poisonous job of a process that is gone runs again while it cannot be buried")
    func deathOfWorker() throws {
        let store = try store(without: "zadd")
        try store.push("q", ["1"])
        let held = try store.fetch(1)
        let death = CountedDeath(jid: "j", limit: PoisonLimit(deaths: 1), poisoned: bytes("poisoned"))
        let command = Rescue.command(identity: "me", force: true, deaths: [held[0].id: death])
        #expect(try Rescue.answer(store.redis.call(command)).poisoned.isEmpty)
        #expect(try store.queue("q") == ["1"])
        #expect(try store.number(Keys.poisoned) == 0)
        try permit(store, "zadd")
    }

    @Test(
        "a death of a process whose job cannot go back is counted with the rescue that succeeds",
        .enabled(if: RedisProgram.isSeven, "rights to read alone came with Redis 7"))
    func rescueTriedAgain() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1"])
        let held = try store.fetch(1)
        let death = CountedDeath(jid: "j", limit: PoisonLimit(deaths: 3), poisoned: bytes("poisoned"))
        // The right to push to its queue is missing, that to count its deaths is there.
        let writable = ["martlet:*", "queues", "processes", "dead", "me*"].map { "~\($0)" }
        try store.run(["ACL", "SETUSER", "martlet", "resetkeys", "%R~*"] + writable)
        for _ in 0..<2 {
            let answer = try Rescue.answer(
                store.redis.call(Rescue.command(identity: "me", force: true, deaths: [held[0].id: death])))
            #expect(answer.troubled.count == 1)
            #expect(try store.run("EXISTS", Keys.deaths("j")).integer == 0)
        }
        #expect(try store.reserved().count == 1)
        try store.run("ACL", "SETUSER", "martlet", "allkeys")
        try permit(store)
        _ = try Rescue.answer(
            store.redis.call(Rescue.command(identity: "me", force: true, deaths: [held[0].id: death])))
        #expect(try store.queue("q") == ["1"])
        #expect(try store.run("LLEN", Keys.deaths("j")).integer == 1)
    }
}
