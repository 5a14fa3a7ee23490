import JobModel
import Queueing
import Redis
import TestSupport
import Testing

@Suite("What an operator does with jobs")
struct JobOrderTests {
    private let queue = QueueName(trusted: "q")

    private func payload(_ jid: String, _ more: String = "", class name: String = "C") -> String {
        #"{"class":"\#(name)","args":[],"jid":"\#(jid)","queue":"q"\#(more)}"#
    }

    @discardableResult
    private func carryOut(
        _ order: JobOrder, in place: JobPlace, _ filter: JobFilter = JobFilter(), most: Int = .max,
        limits: DeadLimits = DeadLimits(), over store: Store
    ) throws -> BulkOrder.Totals {
        try BulkOrder(order, in: place, filter, most: most, deadLimits: limits, over: store.redis).carryOut()
    }

    private func jids(_ payloads: [String]) -> [String] {
        payloads.map { (try? JSONObject(scanning: bytes($0)))?.string("jid") ?? "?" }
    }

    @Test("retry now: out of the set, one failure less, freshly dated, onto its queue, whose name is then listed")
    func retry() throws {
        let store = try Store()
        try store.run("ZADD", "retry", "9e9", payload("a", #","retry_count":2,"enqueued_at":1.5"#))
        try store.run("ZADD", "retry", "9e9", payload("b"))
        let totals = try carryOut(.retry, in: .retry, JobFilter(text: "\"a\""), over: store)
        #expect(
            totals
                == {
                    var totals = BulkOrder.Totals()
                    totals.done = 1
                    return totals
                }())
        #expect(try jids(store.set("retry")) == ["b"])
        let pushed = try JSONObject(scanning: bytes(#require(try store.queue("q").first)))
        #expect(pushed.integer("retry_count") == 1)
        #expect((pushed.timestamp("enqueued_at")?.seconds ?? 0) > 1e9)
        #expect(try store.run("SMEMBERS", "queues").elements?.compactMap(\.text) == ["q"])
    }

    @Test("kill: to the dead set as it is, dated now, and the set keeps its limits")
    func kill() throws {
        let store = try Store()
        for number in 1...3 { try store.run("ZADD", "dead", "9000000000", "\(number)") }
        try store.run("ZADD", "dead", "5", "ancient")
        let job = payload("a", #","retry_count":2"#)
        try store.run("ZADD", "schedule", "9e9", job)
        try carryOut(.kill, in: .schedule, over: store)
        #expect(try store.set("schedule").isEmpty)
        #expect(try store.set("dead") == [job, "1", "2", "3"], "what is older than it may be has gone")
        let score = try #require(store.run("ZSCORE", "dead", job).number)
        let now = try #require(store.run("TIME").elements?.first?.number)
        #expect((now - 60...now + 60).contains(score))

        try store.run("ZADD", "schedule", "9e9", payload("b"))
        try carryOut(.kill, in: .schedule, limits: DeadLimits(jobs: 3, seconds: 1_000_000), over: store)
        #expect(try store.run("ZCARD", "dead").integer == 3)
    }

    @Test("a job that is killed while its twin is dead lies there beside it")
    func deadTwin() throws {
        let store = try Store()
        try store.push("q", [payload("a"), payload("a")])
        try carryOut(.kill, in: .queue(queue), over: store)
        #expect(try store.set("dead").sorted() == [payload("a"), payload("a") + " "])
        #expect(try store.queue("q").isEmpty)
    }

    @Test("of equal payloads exactly one is taken for each that is meant, and the others keep their places")
    func twins() throws {
        let store = try Store()
        try store.push("q", [payload("x"), payload("t"), payload("y"), payload("t"), payload("t")])
        let totals = try carryOut(.delete, in: .queue(queue), JobFilter(text: "\"t\""), most: 1, over: store)
        #expect(totals.done == 1)
        #expect(try jids(store.queue("q")).count { $0 == "t" } == 2)
        let one = JobTransfer.Move(payload: bytes(payload("t")))
        let transfer = JobTransfer(from: .queue(queue), to: .nowhere)
        #expect(try transfer.carryOut([one, one, one], over: store.redis) == [.done, .done, .gone])
        #expect(try jids(store.queue("q")) == ["x", "y"])
    }

    @Test(
        "a queue that is moved keeps its order, each job names its new queue, and what is no job comes along as it is")
    func move() throws {
        let store = try Store()
        let names = (1...1200).map { "j\($0)" }
        try store.run(["SADD", "queues", "q"])
        try store.push("q", names.prefix(600).map { payload($0) } + ["no job"] + names.suffix(600).map { payload($0) })
        try store.push("new", [payload("first")])
        let totals = try carryOut(.move(to: QueueName(trusted: "new")), in: .queue(queue), over: store)
        #expect(totals.done == 1201 && totals.gone == 0)
        let moved = try store.queue("new")
        #expect(jids(moved) == ["first"] + names.prefix(600) + ["?"] + names.suffix(600))
        #expect(moved[1] == payload("j1").replacing(#""queue":"q""#, with: #""queue":"new""#))
        #expect(moved[601] == "no job")
        #expect(try store.queue("q").isEmpty)
        #expect(try store.run("SISMEMBER", "queues", "new").integer == 1)
    }

    @Test("of a queue the jobs that are fetched next are moved, as many as are wanted, of the class that is meant")
    func movePart() throws {
        let store = try Store()
        try store.push("q", (1...10).map { payload("\($0)", class: $0.isMultiple(of: 2) ? "Even" : "Odd") })
        try carryOut(.move(to: .standard), in: .queue(queue), JobFilter(jobClass: "Ev*"), most: 3, over: store)
        #expect(try jids(store.queue("default")) == ["2", "4", "6"])
        #expect(try jids(store.queue("q")) == ["1", "3", "5", "7", "8", "9", "10"])
    }

    @Test("of 20,000 jobs every tenth is deleted, and the others stay in their order", arguments: [true, false])
    func many(isQueue: Bool) throws {
        let store = try Store()
        let all = (0..<20_000).map { payload("\($0)", class: $0.isMultiple(of: 10) ? "Tenth" : "Other") }
        for start in stride(from: 0, to: all.count, by: 1000) {
            let part = all[start..<start + 1000]
            if isQueue {
                try store.run(["LPUSH", "queue:q"] + part)
            } else {
                try store.run(["ZADD", "retry"] + zip(start..., part).flatMap { [String($0), $1] })
            }
        }
        let place: JobPlace = isQueue ? .queue(queue) : .retry
        var surveyed = 0
        try BulkOrder(.delete, in: place, JobFilter(jobClass: "Tenth"), over: store.redis).survey { _ in surveyed += 1 }
        #expect(surveyed == 2000)
        let totals = try carryOut(.delete, in: place, JobFilter(jobClass: "Tenth"), over: store)
        #expect(totals.done == 2000 && totals.gone == 0)
        let rest = (0..<20_000).filter { !$0.isMultiple(of: 10) }.map(String.init)
        #expect(try jids(isQueue ? store.queue("q") : store.set("retry")) == rest)
    }

    @Test("what is no job stays where it is when it is to be retried, and can be killed and deleted")
    func noJob() throws {
        let store = try Store()
        try store.run("ZADD", "dead", "9000000000", "no job")
        let totals = try carryOut(.retry, in: .dead, over: store)
        #expect(totals.objections == [.noJob] && totals.done == 0)
        #expect(try store.set("dead") == ["no job"])
        try store.push("q", ["{"])
        #expect(try carryOut(.kill, in: .queue(queue), over: store).done == 1)
        #expect(try store.set("dead") == ["{", "no job"])
        #expect(try carryOut(.delete, in: .dead, over: store).done == 2)
    }

    @Test("a queue of another type is said to be one, and the job stays where it was", arguments: ["retry", "queue:q"])
    func wrongType(source: String) throws {
        let store = try Store()
        try store.run("SET", "queue:other", "a text")
        let place: JobPlace = source == "retry" ? .retry : .queue(queue)
        if place == .retry {
            try store.run("ZADD", "retry", "7", payload("a"))
        } else {
            try store.push("q", [payload("a")])
        }
        let totals = try carryOut(.move(to: QueueName(trusted: "other")), in: place, over: store)
        #expect(totals.done == 0)
        #expect(totals.refused.allSatisfy { $0.code == "WRONGTYPE" } && !totals.refused.isEmpty)
        #expect(try (place == .retry ? store.set("retry") : store.queue("q")) == [payload("a")])
    }

    @Test("a right that is missing costs no job", arguments: ["lpush", "zadd", "lset", "lrem", "zrem"])
    func missingRight(right: String) throws {
        let store = try Store()
        for jid in ["a", "b"] { try store.push("q", [payload(jid)]) }
        try store.run("ZADD", "retry", "7", payload("r"))
        try store.run("ACL", "SETUSER", "martlet", "-\(right)")
        for (order, place) in [
            (JobOrder.move(to: .standard), JobPlace.queue(queue)), (.kill, .queue(queue)), (.retry, .retry),
        ] {
            // What is refused on the whole is an error, what is refused to a job is told of it.
            _ = try? carryOut(order, in: place, over: store)
        }
        try store.run("ACL", "SETUSER", "martlet", "+\(right)")
        try store.run("ACL", "LOG", "RESET")  // Else what was refused on purpose fails the test.
        let places = try [store.queue("q"), store.queue("default"), store.set("retry"), store.set("dead")]
        #expect(jids(places.flatMap { $0 }).sorted() == ["a", "b", "r"])
    }

    @Test("with memory full jobs can still be deleted, and what cannot be moved stays")
    func fullMemory() throws {
        let store = try Store()
        for jid in ["a", "b", "c"] { try store.push("q", [payload(jid)]) }
        try store.run("CONFIG", "SET", "maxmemory", "1")
        let totals = try carryOut(.delete, in: .queue(queue), JobFilter(text: "\"b\""), over: store)
        #expect(totals.done == 1)
        _ = try? carryOut(.move(to: .standard), in: .queue(queue), over: store)
        try store.run("CONFIG", "SET", "maxmemory", "0")
        #expect(try jids(store.queue("default") + store.queue("q")) == ["a", "c"])
    }

    @Test("a job gets another time only if it still is there")
    func reschedule() throws {
        let store = try Store()
        try store.run("ZADD", "retry", "7", payload("a"))
        let entry = JobEntry(place: .retry, payload: bytes(payload("a")), score: 7)
        #expect(try ScheduledTime.set(entry, to: 9.5, over: store.redis))
        #expect(try store.run("ZSCORE", "retry", payload("a")).number == 9.5)
        try store.run("ZREM", "retry", payload("a"))
        #expect(try !ScheduledTime.set(entry, to: 11, over: store.redis))
        #expect(try store.set("retry").isEmpty)
    }

    @Test("a queue that is cleared is gone with its name, and the others are not touched")
    func clear() throws {
        let store = try Store()
        try store.run("SADD", "queues", "q", "other")
        try store.push("q", ["1", "2"])
        try store.push("other", ["3"])
        #expect(try QueueList.clear(queue, over: store.redis) == 2)
        #expect(try store.run("EXISTS", "queue:q").integer == 0)
        #expect(try store.run("SMEMBERS", "queues").elements?.compactMap(\.text) == ["other"])
        #expect(try store.queue("other") == ["3"])
        #expect(try QueueList.clear(queue, over: store.redis) == 0)
    }

    @Test("an order waits for a process's next heartbeat, and is not given to one that is gone")
    func order() throws {
        let store = try Store()
        try store.run("HSET", "me", "info", "{}")
        #expect(try ProcessOrder.quiet.give(to: "me", over: store.redis))
        #expect(try ProcessOrder.stop.give(to: "me", over: store.redis))
        #expect(try store.run("LRANGE", "me-signals", "0", "-1").elements?.compactMap(\.text) == ["TERM", "TSTP"])
        #expect(try (1...60).contains(store.run("TTL", "me-signals").integer ?? 0))
        #expect(try !ProcessOrder.dump.give(to: "gone", over: store.redis))
        #expect(try store.run("EXISTS", "gone-signals").integer == 0)
    }
}
