import JobModel
import Queueing
import Redis
import Testing

@Suite("Settling")
struct SettleTests {
    @Test("a job that is done is gone and counted, for ever and for its day")
    func ack() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2"])
        let held = try store.fetch(2)
        let answer = try store.settle([held[0].settled(.ack, .succeeded), held[1].settled(.discard, .failed)])
        #expect(answer.refusedSettlements.isEmpty)
        #expect(try store.reserved().isEmpty)
        #expect(try store.number("stat:processed") == 2)
        #expect(try store.number("stat:failed") == 1)
        #expect(try store.number("stat:processed:2026-01-03") == 2)
        #expect(try store.number("stat:failed:2026-01-03") == 1)
        #expect(try store.run("TTL", "stat:failed:2026-01-03").integer ?? 0 > 157_679_000)
    }

    @Test("a failed job waits in the retry set with its new payload until Redis' clock says so")
    func retry() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1"])
        let held = try store.fetch(1)
        try store.settle([held[0].settled(.retry(afterSeconds: 100, payload: bytes("1!")), .failed)])
        let score = try #require(store.run("ZSCORE", "retry", "1!").number)
        let now = try #require(store.run("TIME").elements?.first?.number)
        #expect(abs(score - now - 100) < 5)
        #expect(try store.reserved().isEmpty)
        #expect(try store.number("stat:failed") == 1)
    }

    @Test("a snoozed job waits in the schedule with the bytes it came with")
    func snooze() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["original"])
        try store.settle([try store.fetch(1)[0].settled(.snooze(afterSeconds: 7.5), .succeeded)])
        let score = try #require(store.run("ZSCORE", "schedule", "original").number)
        let now = try #require(store.run("TIME").elements?.first?.number)
        #expect(abs(score - now - 7.5) < 5)
    }

    @Test("a wait that is no number never costs the job", arguments: [Double.nan, -.infinity, .infinity, -5, 1e300])
    func oddWait(seconds: Double) throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1"])
        try store.settle([try store.fetch(1)[0].settled(.retry(afterSeconds: seconds, payload: bytes("1")))])
        #expect(try store.set("retry") == ["1"])
    }

    @Test("requeued jobs are fetched next, in the order they were fetched first")
    func requeue() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2", "3", "4"])
        let held = try store.fetch(3)
        try store.settle([held[1], held[0], held[2]].map { $0.settled(.requeue) })
        #expect(try store.queue("q") == ["1", "2", "3", "4"])
        #expect(try store.number("stat:processed") == 0)
        #expect(try store.run("SISMEMBER", "queues", "q").integer == 1)
    }

    @Test("the dead set keeps exactly the newest jobs of its limit, and none beyond its age")
    func deadLimits() throws {
        let store = try Store()
        try store.lease()
        try store.run("ZADD", "dead", "1000", "ancient")
        for number in 1...4 {
            try store.push("q", ["\(number)"])
            let held = try store.fetch(1, firstSequence: UInt64(number))
            try store.exchange(
                Exchange.Request(
                    identity: "me", settlements: [held[0].settled(.bury(payload: bytes("dead \(number)")))], day: noon,
                    deadLimits: DeadLimits(jobs: 3, seconds: 1000)))
        }
        #expect(try store.set("dead") == ["dead 2", "dead 3", "dead 4"])
    }

    @Test("children are pushed in the step that ends their parent")
    func children() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["parent"])
        let now = JobDraft.Prepared(payload: bytes("now"), queue: QueueName(trusted: "other"), at: nil, jid: "a")
        let later = JobDraft.Prepared(
            payload: bytes("later"), queue: QueueName(trusted: "other"), at: 4e9, jid: "b")
        let parent = Settlement(
            id: try store.fetch(1)[0].id, verdict: .ack, counts: .succeeded, children: [now, later])
        try store.settle([parent])
        #expect(try store.queue("other") == ["now"])
        #expect(try store.run("SISMEMBER", "queues", "other").integer == 1)
        #expect(try store.run("ZSCORE", "schedule", "later").number == 4e9)

        // The same once more is fenced: no second child.
        let again = try store.settle([parent])
        #expect(again.refusedSettlements == [parent.id])
        #expect(try store.queue("other") == ["now"])
    }

    @Test(
        "what was settled before changes nothing a second time, and is never counted twice",
        arguments: [
            Verdict.ack, .discard, .requeue, .snooze(afterSeconds: 1), .retry(afterSeconds: 1, payload: bytes("r")),
            .bury(payload: bytes("d")),
        ])
    func fenced(verdict: Verdict) throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2"])
        let held = try store.fetch(2)
        try store.settle([held[0].settled(.ack, .succeeded)])
        let answer = try store.settle([held[0].settled(verdict, .failed), held[1].settled(.ack, .succeeded)])
        #expect(answer.refusedSettlements == [held[0].id])
        #expect(try store.number("stat:processed") == 2)
        #expect(try store.number("stat:failed") == 0)
        for set in ["retry", "schedule", "dead"] { #expect(try store.set(set).isEmpty) }
        #expect(try store.queue("q").isEmpty)
        #expect(try store.number("martlet:stat:late") == (verdict == .requeue ? 0 : 1), "what is put back is no result")
    }

    @Test("late results that were found without an exchange are counted with the next one")
    func lateElsewhere() throws {
        let store = try Store()
        try store.lease()
        _ = try store.exchange(Exchange.Request(identity: "me", day: noon, late: 3))
        #expect(try store.number("martlet:stat:late") == 3)
    }

    @Test("jobs equal to the last byte stay as many as they are", arguments: ["retry", "schedule", "dead"])
    func twins(set: String) throws {
        let store = try Store()
        try store.lease()
        let payload = #"{"class":"NoJid","args":[]}"#
        try store.push("q", Array(repeating: payload, count: 300))
        let settlements = try store.fetch(300).map {
            switch set {
            case "retry": $0.settled(.retry(afterSeconds: 1, payload: $0.payload))
            case "schedule": $0.settled(.snooze(afterSeconds: 1))
            default: $0.settled(.bury(payload: $0.payload))
            }
        }
        try store.settle(settlements)
        let kept = try store.set(set)
        #expect(kept.count == 300)
        #expect(kept.allSatisfy { $0.hasPrefix(payload) && $0.utf8.count < payload.utf8.count + 20 })
        #expect(kept.contains(payload))
    }

    @Test(
        "a job whose next place is of another type stays reserved, and the others are settled",
        arguments: [
            ("retry", Verdict.retry(afterSeconds: 1, payload: bytes("r"))), ("schedule", .snooze(afterSeconds: 1)),
            ("dead", .bury(payload: bytes("d"))), ("queue:q", .requeue),
        ])
    func blocked(key: String, verdict: Verdict) throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2"])
        let held = try store.fetch(2)
        try store.run("SET", key, "text")
        let answer = try store.settle([held[0].settled(verdict, .failed), held[1].settled(.ack, .succeeded)])
        #expect(answer.blockedSettlements.map(\.id) == [held[0].id])
        #expect(answer.blockedSettlements.first?.refusal.code == "WRONGTYPE")
        #expect(answer.refusedSettlements.isEmpty)
        #expect(try store.reserved() == [held[0].id.text: "1"])
        #expect(try store.number("stat:processed") == 1)

        try store.run("DEL", key)
        #expect(try store.settle([held[0].settled(verdict, .failed)]).blockedSettlements.isEmpty)
        #expect(try store.reserved().isEmpty)
    }

    @Test("a parent stays reserved if one of its children has nowhere to go")
    func blockedChild() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["parent"])
        try store.run("SET", "queue:bad", "text")
        let children = ["good", "bad"].map {
            JobDraft.Prepared(payload: bytes($0), queue: QueueName(trusted: $0), at: nil, jid: $0)
        }
        let parent = Settlement(id: try store.fetch(1)[0].id, verdict: .ack, counts: .succeeded, children: children)
        #expect(try store.settle([parent]).blockedSettlements.map(\.id) == [parent.id])
        #expect(try store.queue("good").isEmpty)
        #expect(try store.reserved().count == 1)
    }

    @Test("statistics of another type never stop a job")
    func pollutedStatistics() throws {
        let store = try Store()
        try store.lease()
        try store.run("LPUSH", "stat:processed", "x")
        try store.run("SET", "stat:failed", "many")
        try store.push("q", ["1"])
        try store.settle([try store.fetch(1)[0].settled(.retry(afterSeconds: 1, payload: bytes("r")), .failed)])
        #expect(try store.set("retry") == ["r"])
        #expect(try store.number("stat:failed:2026-01-03") == 1)
    }

    @Test("a full Redis is still drained: jobs are fetched, retried, buried and requeued, and beats are heard")
    func full() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2", "3", "4", "5"])
        let held = try store.fetch(3)
        try store.run("CONFIG", "SET", "maxmemory", "1")
        #expect(throws: RedisError.self) { try store.run("LPUSH", "queue:q", "6") }

        let answer = try store.exchange(
            {
                var request = store.fetching(2, firstSequence: 10)
                request.settlements = [
                    held[0].settled(.retry(afterSeconds: 1, payload: bytes("r")), .failed),
                    held[1].settled(.bury(payload: bytes("d")), .failed), held[2].settled(.requeue),
                ]
                return request
            }())
        #expect(answer.fetched.map(\.text) == ["3", "4"])
        #expect(try store.set("retry") == ["r"])
        #expect(try store.set("dead") == ["d"])
        #expect(try store.number("stat:failed") == 2)
        #expect(try store.reserved().count == 2)
        // Without a settlement before it, too.
        #expect(try store.fetch(1, firstSequence: 20).map(\.text) == ["5"])
        try store.settle([answer.fetched[0].settled(.ack, .succeeded)])
        #expect(try store.number("stat:processed") == 3)

        let beat = try ProcessRegistry.answer(store.redis.call(ProcessRegistry.command(.init(identity: "me"))))
        #expect(beat.wasKnown)
    }

    @Test("an exchange goes on after the server has forgotten its scripts")
    func forgottenScripts() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1"])
        try store.run("SCRIPT", "FLUSH")
        #expect(try store.fetch(1).map(\.text) == ["1"])
        // Loaded again by that, so the next is called by digest.
        #expect(try store.fetch(1, firstSequence: 2).isEmpty)
    }

    @Test("heavy payloads are settled in several exchanges, so that no command is too large for Redis")
    func heavy() {
        func settlements(_ count: UInt64, _ verdict: Verdict) -> [Settlement] {
            (0..<count).map {
                Settlement(id: ReservationID(sequence: $0 + 1, queue: .standard), verdict: verdict, counts: .failed)
            }
        }
        let megabyte = [UInt8](repeating: 0x20, count: 1 << 20)
        #expect(Exchange.share(of: settlements(40, .retry(afterSeconds: 1, payload: megabyte))) == 16)
        #expect(Exchange.share(of: settlements(3, .bury(payload: [UInt8](repeating: 0x20, count: 20 << 20)))) == 1)
        #expect(Exchange.share(of: settlements(3000, .ack)) == 1000)
        #expect(Exchange.share(of: settlements(3, .requeue)) == 3)
        #expect(Exchange.share(of: []) == 0)
    }
}
