import JobModel
import Queueing
import Redis
import Testing

@Suite("Jobs that expired, in Redis")
struct ExpireTests {
    @Test("are gone, and counted as processed and as expired")
    func settled() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2", "3"])
        let held = try store.fetch(3)
        let answer = try store.settle([
            held[0].settled(.discard, .expired), held[1].settled(.ack, .succeeded), held[2].settled(.discard, .expired),
        ])
        #expect(answer.refusedSettlements.isEmpty && answer.blockedSettlements.isEmpty)
        #expect(try store.reserved().isEmpty)
        #expect(try store.number("stat:processed") == 3)
        #expect(try store.number("stat:failed") == 0)
        #expect(try store.number("martlet:stat:expired") == 2)
        #expect(try StatusReport.read(store.redis).expired == 2)
    }

    @Test("count only for the process that holds them, and are no late results")
    func fenced() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1"])
        let held = try store.fetch(1)
        try store.run("DEL", Keys.reservations("me"))
        let answer = try store.settle([held[0].settled(.discard, .expired)])
        #expect(answer.refusedSettlements == [held[0].id])
        #expect(try store.number("martlet:stat:expired") == 0)
        #expect(try store.number("martlet:stat:late") == 0)
    }

    @Test("a number that is none does not keep them from going")
    func spoiled() throws {
        let store = try Store()
        try store.lease()
        try store.run("SET", Keys.expired, "text")
        try store.push("q", ["1"])
        let answer = try store.settle([try store.fetch(1)[0].settled(.discard, .expired)])
        #expect(answer.blockedSettlements.isEmpty)
        #expect(try store.reserved().isEmpty)
    }

    @Test("scheduled ones expire so long after they are due, by the score; retries by what they had")
    func promoted() throws {
        let store = try Store()
        for (source, set) in [(DueJobs.Source.schedule, "schedule"), (.retry, "retry")] {
            try store.run(
                "ZADD", set, "1700000000.25", #"{"class":"A","args":[],"queue":"\#(set)","expires_in":60}"#)
            let due = try DueJobs.due(store.redis.call(DueJobs.dueCommand(source)))
            #expect(due.scores == [1_700_000_000.25])
            let promoted = try DueJobs.answer(store.redis.call(DueJobs.promoteCommand(due, from: source)))
            #expect(promoted.promoted == 1)
        }
        let scheduled = try Job(decoding: bytes(try #require(store.queue("schedule").first)))
        #expect(scheduled.expiresAt == Timestamp(seconds: 1_700_000_060.25))
        #expect(try !#require(store.queue("retry").first).contains("expiry"))
    }
}
