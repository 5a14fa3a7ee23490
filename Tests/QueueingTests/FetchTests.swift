import JobModel
import Queueing
import Redis
import TestSupport
import Testing

@Suite("Fetching")
struct FetchTests {
    @Test("jobs are fetched oldest first and lie in the process's reservations")
    func oldestFirst() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2", "3"])
        let fetched = try store.fetch(2, firstSequence: 41)
        #expect(fetched.map(\.text) == ["1", "2"])
        #expect(fetched.map(\.id.text) == ["0000000000000041:q", "0000000000000042:q"])
        #expect(try store.reserved() == ["0000000000000041:q": "1", "0000000000000042:q": "2"])
        #expect(try store.queue("q") == ["3"])
    }

    @Test("a process without a lease gets nothing and is told so")
    func unregistered() throws {
        let store = try Store()
        try store.push("q", ["1"])
        let answer = try store.exchange(store.fetching(5))
        #expect(!answer.isRegistered)
        #expect(answer.fetched.isEmpty)
        #expect(try store.queue("q") == ["1"])
    }

    @Test("a step takes no more than its share, and a later step of the same queue takes the rest")
    func shares() throws {
        let store = try Store()
        try store.lease()
        try store.push("a", ["a1", "a2", "a3", "a4"])
        try store.push("b", ["b1"])
        var request = store.fetching(4, from: ["a", "b"])
        request.fetches[0].steps = [.init(queue: 0, atMost: 1), .init(queue: 1, atMost: 2), .init(queue: 0, atMost: 4)]
        let fetched = try store.exchange(request).fetched
        #expect(fetched.map(\.text) == ["a1", "b1", "a2", "a3"])
        #expect(fetched.map(\.queue.text) == ["a", "b", "a", "a"])
        #expect(try store.reserved().count == 4)
    }

    @Test("of queues weighed 3 to 1 the heavier one gives three quarters of the jobs")
    func weights() throws {
        let store = try Store()
        try store.lease()
        try store.push("heavy", (0..<400).map { "h\($0)" })
        try store.push("light", (0..<400).map { "l\($0)" })
        let order = QueueOrder([(QueueName(trusted: "heavy"), 3), (QueueName(trusted: "light"), 1)])
        var random = SeededRandom(seed: 7)
        var heavy = 0
        var sequence: UInt64 = 1
        while sequence <= 400 {
            var request = store.fetching(10, from: order.names.map(\.text), firstSequence: sequence)
            request.fetches[0].steps = order.steps(wanting: 10, random: &random)
            let fetched = try store.exchange(request).fetched
            #expect(fetched.count == 10)
            heavy += fetched.count { $0.queue.text == "heavy" }
            sequence += 10
        }
        // 300 expected; the standard deviation is 9.
        #expect((255...345).contains(heavy))
    }

    @Test("a queue of another type is reported and does not keep the others from being worked")
    func pollutedQueue() throws {
        let store = try Store()
        try store.lease()
        try store.run("SET", "queue:bad", "text")
        try store.push("good", ["1"])
        let answer = try store.exchange(store.fetching(5, from: ["bad", "good"]))
        #expect(answer.fetched.map(\.text) == ["1"])
        #expect(answer.troubledQueues.map(\.queue.text) == ["bad"])
        #expect(answer.troubledQueues.first?.refusal.code == "WRONGTYPE")
        #expect(try store.run("GET", "queue:bad").text == "text")
    }

    @Test("of many queues, most of them empty, each job comes in the order of the queues", arguments: 1...45)
    func manyQueues(_ count: Int) throws {
        var random = SeededRandom(seed: UInt64(count))
        let store = try Store()
        try store.lease()
        let names = (0..<count).map { "q\($0)" }
        let polluted = count > 5 ? Int.random(in: 0..<count, using: &random) : nil
        var expected: [String] = []
        for (index, name) in names.enumerated() {
            if index == polluted {
                try store.run("SET", "queue:\(name)", "text")
            } else if Int.random(in: 0..<6, using: &random) == 0 {
                let jobs = (0...Int.random(in: 0...2, using: &random)).map { "\(name).\($0)" }
                try store.push(name, jobs)
                expected += jobs
            }
        }
        let answer = try store.exchange(store.fetching(expected.count + 1, from: names))
        #expect(answer.fetched.map(\.text) == expected)
        #expect(answer.fetched.allSatisfy { $0.text.hasPrefix("\($0.queue.text).") })
        #expect(answer.troubledQueues.map(\.queue.text) == (polluted.map { [names[$0]] } ?? []))
        #expect(try store.reserved().count == expected.count)
    }

    @Test("of many weighed queues, most of them empty, every job is found", arguments: 1...20)
    func manyWeighedQueues(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let store = try Store()
        try store.lease()
        let order = QueueOrder((0..<24).map { (QueueName(trusted: "q\($0)"), 1 + $0 % 3) })
        var expected: [String] = []
        for name in order.names where Int.random(in: 0..<5, using: &random) == 0 {
            let jobs = (0...Int.random(in: 0...6, using: &random)).map { "\(name.text).\($0)" }
            try store.push(name.text, jobs)
            expected += jobs
        }
        var request = store.fetching(expected.count + 1, from: order.names.map(\.text))
        request.fetches[0].steps = order.steps(wanting: expected.count + 1, random: &random)
        let fetched = try store.exchange(request).fetched
        #expect(fetched.map(\.text).sorted() == expected.sorted())
        #expect(fetched.allSatisfy { $0.text.hasPrefix("\($0.queue.text).") })
    }

    @Test("several capsules fetch in one exchange, each its number of jobs from its queues")
    func capsules() throws {
        let store = try Store()
        try store.lease()
        try store.push("a", ["a1", "a2", "a3"])
        try store.push("b", ["b1"])
        var request = store.fetching(2, from: ["a"], firstSequence: 7)
        request.fetches += store.fetching(3, from: ["b", "a"]).fetches
        let answer = try store.exchange(request)
        #expect(answer.fetched.map(\.text) == ["a1", "a2", "b1", "a3"])
        #expect(answer.counts == [2, 2])
        #expect(answer.fetched.map(\.id.sequence) == [7, 8, 9, 10])
    }

    @Test("a paused queue gives nothing, and the worker is told; when it is resumed it gives again")
    func paused() throws {
        let store = try Store()
        try store.lease()
        try store.push("a", ["a1"])
        try store.push("b", ["b1", "b2"])
        let a = QueueName(trusted: "a")
        _ = try store.redis.call(PausedQueues.pauseCommand([a, QueueName(trusted: "elsewhere")])).accepted()
        let answer = try store.exchange(store.fetching(2, from: ["a", "b"]))
        #expect(answer.fetched.map(\.text) == ["b1", "b2"])
        #expect(answer.pausedQueues == [a])
        #expect(try store.queue("a") == ["a1"])
        _ = try store.redis.call(PausedQueues.resumeCommand([a])).accepted()
        #expect(try store.fetch(2, from: ["a", "b"], firstSequence: 3).map(\.text) == ["a1"])
    }

    @Test("of many queues with paused ones among them each job comes in the order of the queues", arguments: 1...15)
    func manyPaused(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let store = try Store()
        try store.lease()
        let names = (0..<25).map { "q\($0)" }
        var expected: [String] = []
        for name in names {
            let isPaused = Int.random(in: 0..<4, using: &random) == 0
            if isPaused { _ = try store.redis.call(PausedQueues.pauseCommand([QueueName(trusted: name)])).accepted() }
            guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
            try store.push(name, ["\(name).1"])
            if !isPaused { expected.append("\(name).1") }
        }
        #expect(try store.fetch(expected.count + 1, from: names).map(\.text) == expected)
    }

    @Test("a set of paused queues of another type pauses nothing")
    func pollutedPause() throws {
        let store = try Store()
        try store.lease()
        try store.run("SET", "paused", "q")
        try store.push("q", ["1"])
        #expect(try store.fetch(1).map(\.text) == ["1"])
    }

    @Test("reservations of another type refuse the exchange before any job is taken")
    func pollutedReservations() throws {
        let store = try Store()
        try store.lease()
        try store.run("SET", Keys.reservations("me"), "text")
        try store.push("q", ["1"])
        let error = #expect(throws: RedisError.self) { try store.fetch(1) }
        guard case .refused(let refusal) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(refusal.message.contains("WRONGTYPE"))
        #expect(try store.queue("q") == ["1"])
    }

    @Test("a thousand jobs come in one exchange")
    func thousand() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", (0..<1001).map(String.init))
        let fetched = try store.fetch(1000)
        #expect(fetched.map(\.text) == (0..<1000).map(String.init))
        #expect(try store.reserved().count == 1000)
        try store.settle(fetched.map { $0.settled(.ack, .succeeded) })
        #expect(try store.reserved().isEmpty)
        #expect(try store.number("stat:processed") == 1000)
    }

    @Test("payloads are opaque: any bytes come out as they went in", arguments: HostilePayload.all)
    func opaque(_ hostile: HostilePayload) throws {
        let payload = hostile.bytes
        let store = try Store()
        try store.lease()
        var push = RedisCommand(["LPUSH", "queue:q"])
        push.add(payload)
        _ = try store.redis.call(push).accepted()
        let fetched = try #require(store.fetch(1).first)
        #expect(fetched.payload == payload)
        // There and back: requeue, fetch, snooze, and what lies in the schedule is the same still.
        try store.settle([fetched.settled(.requeue)])
        let again = try #require(store.fetch(1, firstSequence: 2).first)
        try store.settle([again.settled(.snooze(afterSeconds: 5))])
        #expect(try store.run("ZRANGE", "schedule", "0", "-1").elements == [.bulk(payload)])
    }
}

/// Bytes that a careless store would change, under a name fit for a test report.
struct HostilePayload: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]

    private init(_ name: String, _ bytes: [UInt8]) {
        testDescription = name
        self.bytes = bytes
    }

    static let all = [
        HostilePayload("nothing", []), HostilePayload("NUL", [0]),
        HostilePayload("no UTF-8", [0xFF, 0xFE, 0x00, 0x0D, 0x0A]),
        HostilePayload("a bulk of the protocol", Array("$5\r\nhello\r\n".utf8)),
        HostilePayload("an error of the protocol", Array("-ERR no\r\n".utf8)),
        HostilePayload(
            "odd numbers, a member twice",
            Array(
                #"{"args":[1.0,1e400,-0,12345678901234567890,9007199254740993,[],{}],"class":"Café","class":"x"}"#.utf8)
        ),
        HostilePayload("half a surrogate", Array("{\"a\":\"\u{1F600}\\ud83d\"}\n".utf8)),
        HostilePayload("decomposed text", Array("Cafe\u{301}".utf8)),
        HostilePayload("3 MB", [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)),
    ]
}
