import JobModel
import Queueing
import Redis
import Testing

@Suite("Due jobs")
struct DueJobsTests {
    private func due(_ store: Store, _ source: DueJobs.Source = .schedule, limit: Int = 100) throws -> DueJobs.Due {
        try DueJobs.due(store.redis.call(DueJobs.dueCommand(source, limit: limit)))
    }

    private func promote(
        _ store: Store, _ due: DueJobs.Due, from source: DueJobs.Source = .schedule
    ) throws -> DueJobs.Answer {
        try DueJobs.answer(store.redis.call(DueJobs.promoteCommand(due, from: source)))
    }

    @Test("jobs that are due go to their queue, the longest due first, with the time they were put there")
    func promoteDue() throws {
        let store = try Store()
        try store.run("ZADD", "retry", "20", #"{"class":"B","args":[1.0],"queue":"q","enqueued_at":1}"#)
        try store.run("ZADD", "retry", "10", #"{"class":"A","args":[],"queue":"q"}"#)
        try store.run("ZADD", "retry", "99999999999", #"{"class":"Later","args":[],"queue":"q"}"#)
        let found = try due(store, .retry)
        #expect(found.members.count == 2)
        #expect(try promote(store, found, from: .retry) == .init(promoted: 2, buried: 0, troubled: [:]))
        let queue = try store.queue("q")
        let now = found.now.milliseconds
        #expect(queue.count == 2)
        #expect(queue.first == #"{"class":"A","args":[],"queue":"q","enqueued_at":\#(now)}"#)
        #expect(queue.last == #"{"class":"B","args":[1.0],"queue":"q","enqueued_at":\#(now)}"#)
        #expect(try store.set("retry") == [#"{"class":"Later","args":[],"queue":"q"}"#])
        #expect(try store.run("SISMEMBER", "queues", "q").integer == 1)
    }

    @Test("of two processes that see the same due job, one moves it")
    func twice() throws {
        let store = try Store()
        try store.run("ZADD", "schedule", "1", #"{"class":"A","args":[]}"#)
        let found = try due(store)
        #expect(try promote(store, found).promoted == 1)
        #expect(try promote(store, found).promoted == 0)
        #expect(try store.queue("default").count == 1)
    }

    @Test("what is no job goes to the dead set as it is")
    func malformed() throws {
        let store = try Store()
        try store.run("ZADD", "schedule", "1", "no json \r\n")
        try store.run("ZADD", "schedule", "2", #"{"class":"A","args":[]}"#)
        #expect(try promote(store, due(store)) == .init(promoted: 1, buried: 1, troubled: [:]))
        #expect(try store.set("dead") == ["no json \r\n"])
    }

    @Test("what is no job and lies in the dead set already does not take the other's place")
    func malformedTwins() throws {
        let store = try Store()
        for _ in 1...3 {
            try store.run("ZADD", "schedule", "1", "no json")
            #expect(try promote(store, due(store)).buried == 1)
        }
        let dead = try store.set("dead")
        #expect(dead.count == 3 && dead.allSatisfy { $0.hasPrefix("no json") }, "\(dead)")
    }

    @Test("a batch has a limit, and what cannot be moved does not fill the next one")
    func stuck() throws {
        let store = try Store()
        try store.run("SET", "queue:bad", "text")
        for number in 1...3 {
            try store.run("ZADD", "schedule", String(number), #"{"class":"A","args":[\#(number)],"queue":"bad"}"#)
        }
        try store.run("ZADD", "schedule", "4", #"{"class":"A","args":[],"queue":"good"}"#)
        let first = try due(store, limit: 3)
        #expect(first.members.count == 3)
        let answer = try promote(store, first)
        #expect(answer.promoted == 0)
        #expect(answer.troubled["queue:bad"]?.code == "WRONGTYPE")
        #expect(try promote(store, due(store, limit: 3)).promoted == 1)
        #expect(try store.set("schedule").count == 3)
    }

    @Test("jobs are promoted while Redis is full")
    func full() throws {
        let store = try Store()
        try store.run("ZADD", "schedule", "1", #"{"class":"A","args":[]}"#)
        try store.run("CONFIG", "SET", "maxmemory", "1")
        #expect(try promote(store, due(store)).promoted == 1)
    }

    @Test("heavy members are moved a few at a time, so that no command is too large for Redis")
    func heavy() {
        let member = [UInt8](repeating: 0x20, count: 6 << 20)
        let due = DueJobs.Due(now: noon, members: Array(repeating: member, count: 100))
        #expect(due.share.members.count == 2)
        #expect(DueJobs.Due(now: noon, members: [member + member + member, member]).share.members.count == 1)
        #expect(DueJobs.Due(now: noon, members: [bytes("a"), bytes("b")]).share.members.count == 2)
        #expect(DueJobs.Due(now: noon, members: []).share.members.isEmpty)
    }

    @Test("one question says when both sets have something due; a set of another type spoils only its own answer")
    func upcoming() throws {
        let store = try Store()
        func ask() throws -> [DueJobs.Source: DueJobs.Upcoming] {
            try DueJobs.upcoming(store.redis.call(DueJobs.upcomingCommand))
        }
        #expect(try ask() == [.retry: .nothing, .schedule: .nothing])
        try store.run("ZADD", "retry", "1", "a")
        try store.run("ZADD", "schedule", "99999999999", "b")
        #expect(try ask() == [.retry: .seconds(0), .schedule: .seconds(3600)])
        try store.run("DEL", "retry")
        try store.run("SET", "retry", "text")
        let spoilt = try ask()
        #expect(spoilt[.schedule] == .seconds(3600))
        guard case .refused(let refusal) = spoilt[.retry] else {
            Issue.record("\(spoilt)")
            return
        }
        #expect(refusal.code == "WRONGTYPE")
    }
}
