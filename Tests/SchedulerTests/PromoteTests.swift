import Queueing
import Redis
import TestSupport
import Testing

@testable import Scheduler

@Suite("Promoting due jobs")
struct PromoteTests {
    @Test("what is due goes to its queue, the longest due first; what is not due stays")
    func due() throws {
        let desk = try Desk()
        try desk.add("retry", due: 20, "b")
        try desk.add("retry", due: 10, "a")
        try desk.add("schedule", due: 15, "s")
        try desk.add("schedule", due: 4_000_000_000, "later")
        try desk.run(PromoteDueJobs.runOnce)
        #expect(try desk.queue("q") == ["a", "b", "s"])
        #expect(try desk.names("retry").isEmpty)
        #expect(try desk.names("schedule") == ["later"])
        #expect(try desk.call("SISMEMBER", "queues", "q").integer == 1)
    }

    @Test("a run moves thousands, each once, however many share a moment")
    func many() throws {
        let desk = try Desk()
        let names = (0..<2345).map { "n\($0)" }
        for name in names { try desk.add("schedule", due: 1, name) }
        try desk.run(PromoteDueJobs.runOnce)
        let promoted = try desk.queue("q")
        #expect(promoted.count == names.count && Set(promoted) == Set(names))
        #expect(try desk.names("schedule").isEmpty)
    }

    @Test("two schedulers at the same time move each job once")
    func two() throws {
        let desk = try Desk()
        for index in 0..<150 { try desk.add("schedule", due: 1, "n\(index)") }
        let other = try desk.server.connect(scripts: Scripts.all)
        // Both have read the same batch when both move it.
        let first = try DueJobs.due(desk.redis.call(DueJobs.dueCommand(.schedule)))
        let second = try DueJobs.due(other.call(DueJobs.dueCommand(.schedule)))
        let moved = try DueJobs.answer(desk.redis.call(DueJobs.promoteCommand(first, from: .schedule))).promoted
        let again = try DueJobs.answer(other.call(DueJobs.promoteCommand(second, from: .schedule))).promoted
        #expect(moved == DueJobs.most && again == 0)
        try desk.run(PromoteDueJobs.runOnce)
        #expect(try desk.queue("q").count == 150)
    }

    @Test("a member that is no job goes to the dead set as it is, and the rest is promoted")
    func malformed() throws {
        let desk = try Desk()
        try desk.call("ZADD", "retry", "1", "not json")
        try desk.add("retry", due: 2, "good")
        try desk.run(PromoteDueJobs.runOnce)
        #expect(try desk.queue("q") == ["good"])
        #expect(try desk.call("ZRANGE", "dead", "0", "-1").elements?.compactMap(\.text) == ["not json"])
    }

    @Test("a queue of another type holds nobody else up")
    func polluted() throws {
        let desk = try Desk()
        try desk.call("SET", "queue:bad", "text")
        for index in 0..<120 { try desk.add("schedule", due: 1, "b\(index)", queue: "bad") }
        try desk.add("schedule", due: 2, "good")
        try desk.run(PromoteDueJobs.runOnce)
        #expect(try desk.queue("q") == ["good"])
        #expect(try desk.names("schedule").count == 120, "they stay where they are")
    }

    @Test("a retry set of another type stops neither the schedule nor rescue by lease, and works again when put right")
    func pollutedSet() throws {
        let desk = try Desk(returnSeconds: 1000)
        try desk.call("SET", "retry", "text")
        try desk.add("schedule", due: 1, "scheduled")
        try desk.run(PromoteDueJobs.runOnce)
        #expect(try desk.queue("q") == ["scheduled"])

        // A connection that is made anew puts off the judgement of leases; this one was kept.
        let judgesLeasesFrom = desk.desk.judgesLeasesFrom
        try desk.run(PromoteDueJobs.runOnce)
        #expect(desk.desk.judgesLeasesFrom == judgesLeasesFrom)

        try desk.call("DEL", "retry")
        try desk.add("retry", due: 2, "retried")
        try desk.run(PromoteDueJobs.runOnce)
        #expect(try desk.queue("q") == ["scheduled", "retried"])
    }

    @Test("it comes back when the next job is due, and at once if there was more than one run moves")
    func next() throws {
        let desk = try Desk()
        #expect(try desk.run(PromoteDueJobs.runOnce) == nil, "nothing is scheduled: the usual interval")

        let time = try desk.call("TIME").elements?.compactMap(\.number) ?? []
        let now = try #require(time.first)
        try desk.add("retry", due: now + 1000, "later")
        try desk.add("schedule", due: now + 60, "sooner")
        let wait = try #require(try desk.run(PromoteDueJobs.runOnce))
        #expect((50...61).contains(wait))

        let many = 2 * 50 * DueJobs.most + 1
        for index in 0..<many { try desk.add("schedule", due: 1, "n\(index)") }
        #expect(try desk.run(PromoteDueJobs.runOnce) == 0)
        var runs = 1
        while try desk.run(PromoteDueJobs.runOnce) == 0, runs < 10 { runs += 1 }
        #expect(runs == 2)
        #expect(try desk.queue("q").count == many)
    }

    @Test("a score that is no time does no harm")
    func infinite() throws {
        let desk = try Desk()
        try desk.call("ZADD", "schedule", "inf", Desk.payload("never"))
        #expect(try desk.run(PromoteDueJobs.runOnce) == 3600)
        try desk.call("ZADD", "retry", "-inf", Desk.payload("ever"))
        try desk.run(PromoteDueJobs.runOnce)
        #expect(try desk.queue("q") == ["ever"])
    }
}
