import JobModel
import Queueing
import Redis
import TestSupport
import Testing

@Suite("Chunks of children")
struct ChunkTests {
    private static func child(_ payload: String, _ queue: String) -> JobDraft.Prepared {
        JobDraft.Prepared(payload: bytes(payload), queue: QueueName(trusted: queue), at: nil, jid: payload)
    }

    /// A reserved job and its first chunk: two children for "rows", one for "other", one for later.
    private static func scene(_ options: [String] = []) throws -> (store: Store, chunk: Chunk) {
        let store = try Store(options)
        try store.lease()
        try store.push("q", ["job"])
        let held = try store.fetch(1)
        let later = JobDraft.Prepared(
            payload: bytes("later"), queue: QueueName(trusted: "rows"), at: 9_000_000_000, jid: "later")
        let chunk = Chunk(
            id: held[0].id, before: bytes("job"), after: bytes("job+1"),
            children: [child("a", "rows"), child("c", "other"), child("b", "rows"), later])
        return (store, chunk)
    }

    private static func send(_ chunk: Chunk, _ store: Store, deepest: Int = 0) throws -> Chunk.Answer {
        try Chunk.answer(store.redis.call(chunk.command(identity: "me", deepest: deepest)))
    }

    @Test("the children and how far the job has come are written in one step")
    func pushed() throws {
        let (store, chunk) = try Self.scene()
        #expect(try Self.send(chunk, store) == .pushed)
        #expect(try store.queue("rows") == ["a", "b"])
        #expect(try store.queue("other") == ["c"])
        #expect(try store.set("schedule") == ["later"])
        #expect(try store.reserved().values.map(\.self) == ["job+1"])
        #expect(
            try Set(store.run("SMEMBERS", "queues").elements?.compactMap(\.text) ?? []).isSuperset(of: [
                "rows", "other",
            ]))
    }

    @Test("a chunk that is sent again because its answer was lost pushes nothing")
    func again() throws {
        let (store, chunk) = try Self.scene()
        for _ in 1...3 { #expect(try Self.send(chunk, store) == .pushed) }
        #expect(try store.queue("rows") == ["a", "b"])
        #expect(try store.set("schedule") == ["later"])
    }

    @Test("a chunk that is carried out long after the next one, or after its job was settled, pushes nothing")
    func late() throws {
        let (store, chunk) = try Self.scene()
        let next = Chunk(id: chunk.id, before: chunk.after, after: bytes("job+2"), children: [])
        #expect(try Self.send(chunk, store) == .pushed)
        #expect(try Self.send(next, store) == .pushed)
        #expect(try Self.send(chunk, store) == .gone)
        try store.settle([Settlement(id: chunk.id, verdict: .requeue, counts: .nothing)])
        #expect(try Self.send(next, store) == .gone)
        #expect(try store.queue("rows") == ["a", "b"])
        #expect(try store.queue("q") == ["job+2"], "what goes back goes back with its checkpoint")
    }

    @Test("a queue that holds as many jobs as it may gets none, and neither does any other queue of the chunk")
    func deep() throws {
        let (store, chunk) = try Self.scene()
        try store.push("other", ["1", "2"])
        #expect(try Self.send(chunk, store, deepest: 2) == .deep(QueueName(trusted: "other"), jobs: 2))
        #expect(try store.queue("rows") == [])
        #expect(try store.reserved().values.map(\.self) == ["job"])
        #expect(try Self.send(chunk, store, deepest: 3) == .pushed)
    }

    @Test("a key of another type leaves everything as it was", arguments: ["queue:other", "schedule"])
    func wrongType(key: String) throws {
        let (store, chunk) = try Self.scene()
        try store.run("SET", key, "of another program")
        guard case .blocked(let refusal) = try Self.send(chunk, store) else {
            Issue.record("it was not refused")
            return
        }
        #expect(refusal.code == "WRONGTYPE")
        #expect(try store.queue("rows") == [])
        #expect(try store.reserved().values.map(\.self) == ["job"])
        try store.run("DEL", key)
        #expect(try Self.send(chunk, store) == .pushed)
    }

    @Test(
        "what Redis refuses in the middle is taken back: a right on the second queue is missing",
        .enabled(if: RedisProgram.isSeven, "rights to read alone came with Redis 7"))
    func missingRight() throws {
        let (store, chunk) = try Self.scene()
        try store.push("rows", ["older"])
        let endpoint = try store.server.admit(
            moreRules: ["resetkeys", "~martlet:*", "~queues", "~queue:rows", "~schedule", "%R~queue:other"])
        let user = try RedisConnection.open(endpoint, timeout: 10, name: "few", scripts: Scripts.all)
        let answer = try Chunk.answer(user.call(chunk.command(identity: "me", deepest: 0)))
        guard case .blocked = answer else {
            Issue.record("it was not refused: \(answer)")
            return
        }
        #expect(try store.queue("rows") == ["older"])
        #expect(try store.reserved().values.map(\.self) == ["job"])
        try store.run("ACL", "LOG", "RESET")
    }

    @Test(
        "a queue for which there is no right at all blocks its chunk, not the connection", arguments: ["other", "rows"])
    func foreignQueue(name: String) throws {
        let (store, chunk) = try Self.scene()
        let allowed = name == "rows" ? "other" : "rows"
        let endpoint = try store.server.admit(
            moreRules: ["resetkeys", "~martlet:*", "~queues", "~queue:\(allowed)", "~schedule"])
        let user = try RedisConnection.open(endpoint, timeout: 10, name: "few", scripts: Scripts.all)
        let reply = try user.call(chunk.command(identity: "me", deepest: 100))
        #expect(reply.refusal == nil, "the script itself does not fail")
        guard case .blocked = try Chunk.answer(reply) else {
            Issue.record("it was not refused: \(reply)")
            return
        }
        #expect(try store.queue(allowed) == [])
        #expect(try store.reserved().values.map(\.self) == ["job"])
        try store.run("ACL", "LOG", "RESET")
    }

    @Test("a full Redis takes no chunk, and later it does")
    func full() throws {
        let (store, chunk) = try Self.scene()
        try store.run("CONFIG", "SET", "maxmemory", "1")
        guard case .blocked(let refusal) = try Self.send(chunk, store) else {
            Issue.record("it was not refused")
            return
        }
        #expect(refusal.code == "OOM")
        #expect(try store.reserved().values.map(\.self) == ["job"])
        try store.run("CONFIG", "SET", "maxmemory", "0")
        #expect(try Self.send(chunk, store) == .pushed)
    }

    @Test("10,000 children go in one step, in their order")
    func many() throws {
        let (store, chunk) = try Self.scene()
        let names = (0..<10_000).map { "child \($0)" }
        let large = Chunk(
            id: chunk.id, before: chunk.before, after: chunk.after, children: names.map { Self.child($0, "rows") })
        #expect(try Self.send(large, store) == .pushed)
        #expect(try store.queue("rows") == names)
    }
}
