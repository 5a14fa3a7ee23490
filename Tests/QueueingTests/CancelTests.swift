import JobModel
import Queueing
import Redis
import Testing

@Suite("Cancelling jobs in Redis")
struct CancelTests {
    private let alice = Cancellation(by: "alice@web1")

    private func payload(_ jid: String, _ more: String = "") -> String {
        #"{"class":"C","args":["other"],"jid":"\#(jid)"\#(more)}"#
    }

    private func effort(_ jids: String..., over store: Store) throws -> CancelEffort {
        var effort = CancelEffort(jids, by: alice, patience: .zero, over: store.redis)
        try effort.ask()
        try effort.search()
        return effort
    }

    private func requests(_ store: Store) throws -> [String] {
        try CancelRequests.list(store.redis.call(CancelRequests.listCommand)).keys.sorted()
    }

    private func dead(_ store: Store) throws -> [JSONObject] {
        try store.set("dead").map { try JSONObject(scanning: bytes($0)) }
    }

    @Test(
        "what waits in a queue, for a retry or for its time goes to the dead set, and the other jobs stay where they are"
    )
    func waiting() throws {
        let store = try Store()
        try store.run("SADD", "queues", "q")
        try store.push("q", [payload("x"), payload("a"), payload("y")])
        try store.run("ZADD", "retry", "9e9", payload("b", #","queue":"low","error_class":"E","error_message":"m""#))
        try store.run("ZADD", "retry", "8e9", payload("z"))
        try store.run("ZADD", "schedule", "9e9", payload("c"))
        let effort = try effort("a", "b", "c", over: store)
        #expect(effort.open.isEmpty)
        #expect(
            effort.results == [
                "a": .cancelled(.queue(QueueName(trusted: "q"))), "b": .cancelled(.retry), "c": .cancelled(.schedule),
            ])
        #expect(try store.queue("q") == [payload("x"), payload("y")])
        #expect(try store.set("retry") == [payload("z")])
        #expect(try store.set("schedule").isEmpty)
        let buried = try dead(store)
        #expect(Set(buried.compactMap { $0.string("jid") }) == ["a", "b", "c"])
        #expect(buried.allSatisfy { $0.string("error_class") == "Cancelled" })
        let retried = try #require(buried.first { $0.string("jid") == "b" })
        #expect(retried.string("queue") == "low")
        #expect(
            retried.string("error_message")
                == "cancelled by alice@web1 while it waited for a retry\nits last error: E: m")
        #expect(try requests(store).isEmpty)
    }

    @Test("a jid is compared as a member of the job, not as text in it, and however it is written")
    func jids() throws {
        let store = try Store()
        try store.run("SADD", "queues", "q")
        let lookalikes = [
            payload("other"), #"{"class":"C","args":["abc",{"jid":"abc"}],"jid":"abcd"}"#, #"{"class":"C","jid":7}"#,
            "no json abc", #"["abc"]"#,
        ]
        try store.push("q", lookalikes + [#"{"class":"C","jid":"\u0061bc"}"#])
        #expect(try effort("abc", over: store).results == ["abc": .cancelled(.queue(QueueName(trusted: "q")))])
        #expect(try Set(store.queue("q")) == Set(lookalikes))
    }

    @Test("with `dead: false` it is dropped; one that was pushed twice is cancelled twice")
    func oddJobs() throws {
        let store = try Store()
        try store.run("SADD", "queues", "q", "r")
        try store.push("q", [payload("a", #","dead":false"#), payload("b"), payload("b")])
        try store.push("r", [payload("b")])
        #expect(try effort("a", "b", over: store).open.isEmpty)
        #expect(try store.queue("q").isEmpty && store.queue("r").isEmpty)
        #expect(try dead(store).count == 3)
    }

    @Test("long queues are looked through in chunks, while others push and fetch")
    func longQueue() throws {
        let store = try Store()
        try store.run("SADD", "queues", "q")
        let many = (0..<5000).map { payload("n\($0)", #","x":"\#(String(repeating: "x", count: $0 % 700))""#) }
        for start in stride(from: 0, to: many.count, by: 500) {
            try store.run(["LPUSH", "queue:q"] + many[start..<start + 500])
        }
        var met: [String] = []
        var chunks = 0
        try JobPlace.queue(QueueName(trusted: "q")).visit(store.redis) { payload in
            met.append(String(decoding: payload, as: UTF8.self))
            chunks += 1
            guard chunks % 400 == 0 else { return }
            do {
                try store.run("LPUSH", "queue:q", "pushed meanwhile")
                try store.run("RPOP", "queue:q")
            } catch {
                Issue.record("\(error)")
            }
        }
        #expect(Set(met).isSuperset(of: many[20...]))
        let jids = ["n20", "n2500", "n4999"]
        var effort = CancelEffort(jids, by: alice, over: store.redis)
        try effort.ask()
        try effort.search()
        #expect(effort.open.isEmpty && effort.results.count == 3)
    }

    @Test("what is nowhere, or dead, is told so after a second look, and its request is withdrawn")
    func missing() throws {
        let store = try Store()
        try store.run("ZADD", "dead", "1", payload("d", #","error_class":"Boom""#))
        var effort = try effort("d", "none", over: store)
        #expect(effort.open == ["d", "none"])
        #expect(try requests(store) == ["d", "none"])
        try effort.search()
        #expect(effort.results == ["d": .dead(errorClass: "Boom"), "none": .absent])
        #expect(try requests(store).isEmpty)
        #expect(try dead(store).count == 1)
    }

    @Test("a miss is not believed before every worker has had the time to read the request")
    func early() throws {
        let store = try Store()
        var effort = CancelEffort(["a"], by: alice, patience: .milliseconds(300), over: store.redis)
        try effort.ask()
        let start = ContinuousClock.now
        while effort.results["a"] == nil {
            try effort.search()
            #expect(effort.hasLookedLate || effort.open == ["a"])
        }
        #expect(effort.results["a"] == .absent)
        #expect(start.duration(to: .now) >= .milliseconds(299))
        #expect(try requests(store).isEmpty)
    }

    @Test(
        "what a process holds is told so, its request stands, and the settlement ends and answers it",
        arguments: [true, false])
    func held(isDone: Bool) throws {
        let store = try Store()
        try store.lease()
        try store.push("q", [payload("a")])
        let held = try store.fetch(1)[0]
        var effort = try effort("a", over: store)
        try effort.search()
        #expect(effort.open == ["a"])
        #expect(try requests(store) == ["a"])

        let became: SettledRequest.Became = isDone ? .done : .running
        let verdict: Verdict = isDone ? .ack : .bury(payload: bytes(payload("a", #","error_class":"Cancelled""#)))
        try store.settle([
            Settlement(
                id: held.id, verdict: verdict, counts: .succeeded, request: SettledRequest(jid: "a", became: became))
        ])
        try effort.listen()
        #expect(effort.results["a"] == (isDone ? .done(identity: "me") : .cancelled(.running(identity: "me"))))
        #expect(try requests(store).isEmpty)
        #expect(try store.number("stat:processed") == 1 && store.number("stat:failed") == 0)
        #expect(try store.set("dead").count == (isDone ? 0 : 1))
        #expect(try store.run("EXISTS", Keys.cancelAnswers).integer == 0)
    }

    @Test("what was not begun is cancelled while the request stands, and goes back to its queue otherwise")
    func unstarted() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", [payload("a"), payload("b"), payload("c", #","dead":false"#)])
        let held = try store.fetch(3)
        _ = try store.redis.call(CancelRequests.askCommand(["a", "c"], alice)).accepted()
        let answer = try store.settle(
            zip(held, ["a", "b", "c"]).map { reservation, jid in
                Settlement(
                    id: reservation.id, verdict: jid == "c" ? .discard : .bury(payload: bytes("buried \(jid)")),
                    counts: .nothing, request: SettledRequest(jid: jid, became: .unstarted))
            })
        #expect(answer.refusedSettlements.isEmpty && answer.blockedSettlements.isEmpty)
        #expect(try store.set("dead") == ["buried a"])
        #expect(try store.queue("q") == [payload("b")])
        #expect(try store.reserved().isEmpty)
        #expect(try requests(store).isEmpty)
        #expect(try store.number("stat:processed") == 0)
        let answers = try CancelRequests.answers(
            store.redis.call(CancelRequests.answersCommand(["a", "b", "c"])), to: ["a", "b", "c"])
        #expect(answers.mapValues(\.became) == ["a": .unstarted, "c": .unstarted])
    }

    @Test("a settlement that comes too late leaves the request for whoever has the job now")
    func late() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", [payload("a")])
        let held = try store.fetch(1)[0]
        _ = try store.redis.call(CancelRequests.askCommand(["a"], alice)).accepted()
        _ = try store.redis.call(Rescue.command(identity: "me", force: true)).accepted()
        try store.lease()
        let settlement = Settlement(
            id: held.id, verdict: .bury(payload: bytes("buried")), counts: .succeeded,
            request: SettledRequest(jid: "a", became: .running))
        #expect(try store.settle([settlement]).refusedSettlements == [held.id])
        #expect(try requests(store) == ["a"])
        #expect(try store.set("dead").isEmpty)
    }

    @Test("requests that nobody answers go after an hour")
    func forgotten() throws {
        let store = try Store()
        try store.run("HSET", Keys.cancel, "old", "1000 bob@web1")
        try store.run("HSET", Keys.cancel, "alien", "of another program")
        _ = try store.redis.call(CancelRequests.askCommand(["a"], alice)).accepted()
        let standing = try CancelRequests.list(store.redis.call(CancelRequests.listCommand))
        #expect(standing == ["a": alice])
        #expect((3500...3600).contains(try store.run("TTL", Keys.cancel).integer ?? 0))
    }

    @Test("a place that cannot be looked into, or written to, keeps no other job from being cancelled, and loses none")
    func troubles() throws {
        let store = try Store()
        try store.run("SADD", "queues", "bad", "q")
        try store.run("SET", "queue:bad", "of another program")
        try store.push("q", [payload("a")])
        let effort = try effort("a", over: store)
        #expect(effort.results.keys.sorted() == ["a"])
        #expect(Array(effort.troubles.keys) == [.queue(QueueName(trusted: "bad"))])

        try store.run("DEL", "dead")
        try store.run("SET", "dead", "of another program")
        try store.push("q", [payload("b")])
        let second = try self.effort("b", over: store)
        #expect(second.open == ["b"])
        #expect(try store.queue("q") == [payload("b")])
        #expect(try requests(store) == ["b"])
    }

    @Test("one that may not be buried, for lack of a right, stays in its place")
    func missingRight() throws {
        let store = try Store()
        try store.run("SADD", "queues", "q")
        try store.push("q", [payload("a")])
        try store.run("ZADD", "retry", "9e9", payload("b"))
        try store.run("ACL", "SETUSER", "martlet", "-zadd")
        #expect(throws: RedisError.self) { try effort("a", "b", over: store) }
        #expect(try store.queue("q") == [payload("a")])
        #expect(try store.set("retry") == [payload("b")])
        try store.run("ACL", "SETUSER", "martlet", "+zadd")
        try store.run("ACL", "LOG", "RESET")
        #expect(try effort("a", "b", over: store).open.isEmpty)
    }

    @Test("also when memory is full, what waits can be cancelled")
    func fullMemory() throws {
        let store = try Store()
        try store.run("SADD", "queues", "q")
        try store.push("q", [payload("a")])
        _ = try store.redis.call(CancelRequests.askCommand(["a"], alice)).accepted()
        try store.run("CONFIG", "SET", "maxmemory", "1")
        var effort = CancelEffort(["a"], by: alice, over: store.redis)
        try effort.search()
        #expect(effort.open.isEmpty)
        #expect(try store.set("dead").count == 1)
    }
}
