import JobModel
import Queueing
import Redis
import Testing

@Suite("What is known of promised queues and of a service's workers")
struct PromiseTests {
    private let queue = QueueName(trusted: "within_1m")

    private func note(_ store: Store, latency: Double) throws {
        try store.redis.call(PromiseRecord.noteCommand(queue, promised: 60, latency: latency)).accepted()
    }

    private func record(_ store: Store) throws -> PromiseRecord? {
        let now = Timestamp(milliseconds: Int64(try #require(try store.run("TIME").elements?.first?.integer)) * 1000)
        return PromiseRecord(try store.redis.call(PromiseRecord.readCommand(queue)), now: now)
    }

    @Test("promise, present wait, longest wait and how long it was broken are kept, for a day")
    func kept() throws {
        let store = try Store()
        #expect(try record(store) == nil)
        try note(store, latency: 75.5)
        let first = try #require(try record(store))
        #expect([first.promised, first.latency, first.worst] == [60, 75.5, 75.5])
        #expect(first.secondsOver == Double(PromiseRecord.interval))
        try note(store, latency: 0)
        let second = try #require(try record(store))
        #expect([second.latency, second.worst] == [0, 75.5])
        #expect((try store.run("TTL", "martlet:queue:within_1m").integer ?? 0) > 86_000)
    }

    @Test("however many hosts measure, a span of time counts once")
    func once() throws {
        let store = try Store()
        func time() throws -> Int { try #require(try store.run("TIME").elements?.first?.integer) }
        let begin = try time()
        for _ in 0..<20 { try note(store, latency: 100) }
        let spans = try time() / PromiseRecord.interval - begin / PromiseRecord.interval + 1
        #expect((try record(store)?.secondsOver ?? 1000) <= Double(spans * PromiseRecord.interval))
    }

    @Test("hours older than a day are dropped")
    func bounded() throws {
        let store = try Store()
        let hour = try #require(try store.run("TIME").elements?.first?.integer) / 3600
        for old in 1...30 {
            try store.run("HSET", "martlet:queue:within_1m", "worst:\(hour - old)", "1000", "over:\(hour - old)", "2")
        }
        try note(store, latency: 1)
        #expect(try store.run("HLEN", "martlet:queue:within_1m").integer ?? 100 <= 4 + 2 * 24)
        #expect(try record(store)?.secondsOver ?? 0 <= 2 * 24)
    }

    @Test("a promise that nobody measures any more is none; what somebody else wrote there is none either")
    func stale() throws {
        let store = try Store()
        try note(store, latency: 1)
        let now = Timestamp(milliseconds: Int64(try #require(try store.run("TIME").elements?.first?.integer)) * 1000)
        let reply = try store.redis.call(PromiseRecord.readCommand(queue))
        #expect(PromiseRecord(reply, now: Timestamp(milliseconds: now.milliseconds + 61_000)) == nil)
        try store.run("HSET", "martlet:queue:within_1m", "promise", "soon")
        #expect(try record(store) == nil)
    }

    @Test("status marks a queue that is late")
    func status() throws {
        let store = try Store()
        let now = try #require(try store.run("TIME").elements?.first?.integer)
        try store.run("SADD", "queues", "within_1m", "other")
        try store.push("within_1m", [#"{"class":"A","args":[],"enqueued_at":\#((now - 90) * 1000)}"#])
        try store.push("other", [#"{"class":"A","args":[],"enqueued_at":\#((now - 90) * 1000)}"#])
        try note(store, latency: 90)
        let report = try StatusReport.read(store.redis)
        #expect(report.queues.map(\.isLate) == [false, true])
        #expect(report.queues[1].promise?.promised == 60)
    }

    @Test("of all processes those of one supervisor are counted that fetch, with what they say")
    func workers() throws {
        let store = try Store()
        func add(_ identity: String, supervisor: Int, _ fields: String...) throws {
            try store.run("SADD", "processes", identity)
            try store.run("HSET", "martlet:process:\(identity)", "supervisor", "\(supervisor)")
            _ = try store.redis.call(RedisCommand(["HSET", identity] + fields)).accepted()
        }
        try add(
            "web:1:a", supervisor: 7, "concurrency", "10", "busy", "9", "rss", "1000", "core_wait_permille", "100",
            "concurrency_max", "10")
        try add(
            "web:2:b", supervisor: 7, "concurrency", "30", "busy", "3", "rss", "2000", "core_wait_permille", "500",
            "concurrency_max", "40", "held", "memory pressure", "written_off", "2")
        try add("web:3:c", supervisor: 7, "concurrency", "30", "busy", "30", "quiet", "true")
        try add("web:4:d", supervisor: 8, "concurrency", "30", "busy", "30")
        try add("mail:5:e", supervisor: 7, "concurrency", "30", "busy", "30")
        let workers = try HostWorkers(store.redis, host: "web", supervisor: 7)
        #expect([workers.count, workers.slots, workers.busy, workers.residentKB] == [2, 38, 12, 3000])
        #expect(!workers.isAtMost && workers.isHeld)
        #expect(workers.coreWait == 0.4)
        #expect(try HostWorkers(store.redis, host: "none", supervisor: 7) == HostWorkers())
    }
}
