import Foundation
import MartletKit
import Redis
import TestSupport
import Testing

@Suite("The client of the Swift kit")
struct ClientTests {
    @Test("it speaks to a server with user, password and database, over TCP")
    func accounts() async throws {
        let port = try freePort()
        let server = RedisServer(["--port", "\(port)", "--user", "app", "on", ">p@ss", "~*", "+@all"])
        let client = try Client("redis://app:p%40ss@127.0.0.1:\(port)/3")
        try await client.push("ReportJob", "ä/", 1.5, queue: "low", options: ["tags": ["a"], "retry": false])
        let redis = try server.connect()
        #expect(try redis.say("LLEN", "queue:low").integer == 0)
        _ = try redis.say("SELECT", "3")
        let text = try #require(try redis.say("LINDEX", "queue:low", "0").text)
        #expect(text.contains(#"["ä/",1.5]"#) && text.contains(#""tags":["a"]"#) && text.contains(#""retry":false"#))
        let stranger = try Client("redis://app:wrong@127.0.0.1:\(port)")
        await #expect(throws: PushError.self) { try await stranger.push("ReportJob") }
    }

    @Test(
        "a URL it cannot use is refused, without showing the password",
        arguments: [
            ("rediss://:secret@h", "has no TLS"), ("http://:secret@h", "begins with redis://"),
            ("redis://user@h", "needs a password"), ("redis://:secret@h/x", "database"), ("unix://h/x", "unix:///"),
            ("unix:///" + String(repeating: "x", count: 107), "107 bytes"), ("redis://:a#secret@h", "percent-encode"),
        ])
    func urls(url: String, advice: String) {
        let failure = #expect(throws: Failure.self) { try Client(url) }
        #expect(failure?.message.contains(advice) == true && failure?.message.contains("secret") == false)
    }

    @Test("a connection that ended while it was idle is opened anew, and one without a server is said to be")
    func idle() async throws {
        let server = RedisServer()
        let client = try Client("unix://\(server.socketPath)")
        try await client.push("ReportJob", 1)
        let redis = try server.connect()
        _ = try redis.say("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try await client.push("ReportJob", 2)
        #expect(try redis.say("LLEN", "queue:default").integer == 2)
        server.stop()
        let error = await #expect(throws: PushError.self) { try await client.push("ReportJob", 3) }
        #expect(kind(error) == "unreachable", "\(String(describing: error))")
    }

    @Test("a push without an answer is not sent again, and its answer is not taken for that of the next")
    func unanswered() async throws {
        let server = RedisServer()
        let proxy = try FaultProxy(server)
        defer { proxy.stop() }
        let client = try Client("unix://\(proxy.socketPath)", timeout: 0.5)
        let redis = try server.connect()
        for (number, fault) in [Fault.cutAfter, .stall(1), .garble].enumerated() {
            proxy.inject(fault, on: "LPUSH")
            let error = await #expect(throws: PushError.self) { try await client.push("ReportJob", number) }
            #expect(kind(error) == "unanswered", "\(fault): \(String(describing: error))")
            #expect(proxy.count("LPUSH") == 2 * number + 1)
            _ = try redis.say("SET", "queue:text", "")
            let refusal = await #expect(throws: PushError.self) { try await client.push("ReportJob", queue: "text") }
            #expect(kind(refusal) == "refused", "\(fault): \(String(describing: refusal))")
        }
        try await client.push("ReportJob", 3)
        #expect(try redis.say("LLEN", "queue:default").integer == 4)
    }

    @Test(
        "a cancelled task pushes nothing if it had not begun, and what it had begun in full; the next push is sound",
        .timeLimit(.minutes(1)))
    func cancelled() async throws {
        let server = RedisServer()
        let proxy = try FaultProxy(server)
        defer { proxy.stop() }
        let client = try Client("unix://\(proxy.socketPath)")
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await client.push("ReportJob", 1)
        }
        await #expect(throws: CancellationError.self) { try await early.value }
        #expect(proxy.count("LPUSH") == 0)
        proxy.inject(.stall(0.5), on: "LPUSH")
        let begun = Task { try await client.push("ReportJob", 2) }
        // Not `eventually`: it would keep a thread from the task that it waits for.
        while proxy.count("LPUSH") == 0 { try await Task.sleep(for: .milliseconds(5)) }
        begun.cancel()
        _ = try await begun.value
        try await client.push("ReportJob", 3)
        #expect(try server.connect().say("LLEN", "queue:default").integer == 2)
    }

    @Test("many at once share its connection, and a bulk goes in steps of 1000")
    func many() async throws {
        let server = RedisServer()
        let proxy = try FaultProxy(server)
        defer { proxy.stop() }
        let client = try Client("unix://\(proxy.socketPath)")
        let jids = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<100 { group.addTask { try await client.push("ReportJob", number) } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(jids.count == 100 && proxy.attempts == 1)
        let rows = try await client.pushBulk("RowJob", (0..<2500).map { [$0] }, queue: "rows")
        #expect(Set(rows).count == 2500 && proxy.count("LPUSH") == 103)
        #expect(try await client.pushBulk("RowJob", []).isEmpty)
        try await client.schedule(at: .now, "ReportJob", queue: "now")
        try await client.pushBulk("RowJob", [[1], [2]], in: 60)
        let redis = try server.connect()
        for (queue, count) in [("default", 100), ("rows", 2500), ("now", 1)] {
            #expect(try redis.say("LLEN", "queue:\(queue)").integer == count)
        }
        #expect(try redis.say("ZCARD", "schedule").integer == 2)
    }

    private func kind(_ error: PushError?) -> String {
        switch error {
        case nil: "none"
        case .unreachable: "unreachable"
        case .refused: "refused"
        case .unanswered: "unanswered"
        }
    }
}

extension RedisConnection {
    fileprivate func say(_ words: String...) throws -> RedisReply { try call(RedisCommand(words)) }
}
