import JobModel
import Queueing
import Redis
import Testing

let someOrigin = ProcessOrigin(
    host: "h", boot: "b-1", pidNamespace: "4026531836", pid: 42, startTime: 12345, role: "worker")

func someBeat(_ identity: String) -> ProcessRegistry.Beat {
    let description = ProcessDescription(
        identity: identity, hostname: "h\"ost", pid: 42, startedAt: noon, tag: "tag", labels: ["blue"],
        capsules: [
            .init(
                name: "default", concurrency: 10,
                queues: [
                    .init(name: QueueName(trusted: "q"), weight: 2), .init(name: QueueName(trusted: "Ü"), weight: 1),
                ])
        ], version: "1.2.3")
    return ProcessRegistry.Beat(
        identity: identity, origin: someOrigin,
        record: ProcessRecord(
            info: description.json, concurrency: 10, busy: 1, beat: noon, roundTripMicroseconds: 123, isQuiet: false,
            residentKB: 4096),
        work: [
            WorkEntry(
                slot: "s1", queue: QueueName(trusted: "q"), payload: bytes(#"{"class":"A","args":["\n"],"jid":"j1"}"#),
                startedAt: noon,
                whereabouts: .init(handler: "h\"1", pid: 4711, standing: "running", isSlow: true))
        ])
}

@Suite("The registry of processes")
struct RegistryTests {
    private func beat(_ store: Store, _ beat: ProcessRegistry.Beat) throws -> ProcessRegistry.BeatAnswer {
        try ProcessRegistry.answer(store.redis.call(ProcessRegistry.command(beat)))
    }

    @Test("a registered process may fetch, and its lease ends by Redis' clock")
    func register() throws {
        let store = try Store()
        let first = try beat(store, .init(identity: "me", leaseMilliseconds: 20_000, origin: someOrigin))
        #expect(!first.wasKnown)
        let lease = try #require(store.run("ZSCORE", Keys.leases, "me").number)
        #expect(lease == Double(first.now.milliseconds + 20_000))
        #expect(try ProcessOrigin.read(store.redis.call(ProcessOrigin.command(identity: "me"))) == someOrigin)
        #expect(try store.exchange(store.fetching(1)).isRegistered)
        #expect(try beat(store, .init(identity: "me")).wasKnown)
    }

    @Test("a beat does not bring back a process whose jobs were rescued")
    func rescued() throws {
        let store = try Store()
        #expect(try !beat(store, .init(identity: "me")).wasKnown)
        #expect(try store.run("DBSIZE").integer == 0)
    }

    @Test("the record is what Sidekiq's dashboard reads, and goes away by itself after a minute")
    func record() throws {
        let store = try Store()
        #expect(try beat(store, someBeat("me")).trouble == nil)
        #expect(try store.run("SISMEMBER", "processes", "me").integer == 1)
        let fields = Dictionary(
            uniqueKeysWithValues: (try store.run("HGETALL", "me").pairs ?? []).map { ($0.text ?? "", $1.text ?? "") })
        #expect(fields["busy"] == "1")
        #expect(fields["quiet"] == "false")
        #expect(fields["rss"] == "4096")
        #expect(fields["rtt_us"] == "123")
        #expect(fields["concurrency"] == "10")
        #expect(fields["beat"] == "1767441600.0")
        let info = try JSONObject(scanning: bytes(fields["info"] ?? ""))
        #expect(info.string("hostname") == "h\"ost")
        #expect(info.strings(of: "queues") == ["q", "Ü"])
        #expect(info.member("capsules")?.kind == .object)
        #expect((try store.run("TTL", "me").integer ?? -1) > 50)
        #expect((try store.run("TTL", "me:work").integer ?? -1) > 50)
        let work = try JSONObject(scanning: store.run("HGET", "me:work", "s1").bytes ?? [])
        #expect(work.string("payload") == #"{"class":"A","args":["\n"],"jid":"j1"}"#)
        #expect(work.integer("run_at") == 1_767_441_600)

        var idle = someBeat("me")
        idle.work = []
        _ = try beat(store, idle)
        #expect(try store.run("EXISTS", "me:work").integer == 0)
    }

    @Test("buttons of the dashboard arrive with a beat, one at a time")
    func signals() throws {
        let store = try Store()
        try store.run("LPUSH", "me-signals", "TSTP")
        try store.run("LPUSH", "me-signals", "TERM")
        #expect(try beat(store, someBeat("me")).signal == "TSTP")
        #expect(try beat(store, .init(identity: "me")).signal == nil)
        #expect(try beat(store, someBeat("me")).signal == "TERM")
        #expect(try beat(store, someBeat("me")).signal == nil)
    }

    @Test("a dashboard key of another type is reported, and the lease is renewed all the same")
    func polluted() throws {
        let store = try Store()
        try store.run("SET", "processes", "text")
        let answer = try beat(store, someBeat("me"))
        #expect(answer.trouble?.code == "WRONGTYPE")
        #expect(try store.run("ZSCORE", Keys.leases, "me") != .null)
        #expect(try store.run("EXISTS", "me").integer == 1)
    }

    @Test("a process with thousands of slots shows them all")
    func manySlots() throws {
        let store = try Store()
        var large = someBeat("me")
        large.work = (0..<5000).map {
            WorkEntry(slot: "s\($0)", queue: QueueName(trusted: "q"), payload: bytes("{}"), startedAt: noon)
        }
        #expect(try beat(store, large).trouble == nil)
        #expect(try store.run("HLEN", "me:work").integer == 5000)
    }

    @Test("a process that settled everything leaves no trace but a record that expires")
    func deregister() throws {
        let store = try Store()
        _ = try beat(store, someBeat("me"))
        let command = ProcessRegistry.deregisterCommand(identity: "me")
        #expect(try ProcessRegistry.left(store.redis.call(command)) == 0)
        #expect(try store.run("KEYS", "*").elements == [.bulk(bytes("me"))])
    }

    @Test("a process that ends with jobs in hand leaves a lease that is over, so that they are rescued")
    func deregisterBusy() throws {
        let store = try Store()
        _ = try beat(store, someBeat("me"))
        try store.push("q", ["1"])
        _ = try store.fetch(1)
        #expect(try ProcessRegistry.left(store.redis.call(ProcessRegistry.deregisterCommand(identity: "me"))) == 1)
        #expect(try Rescue.leases(store.redis.pipeline(Rescue.listCommands)).map(\.isOver) == [true])
        #expect(try !Rescue.answer(store.redis.call(Rescue.command(identity: "me"))).isAlive)
        #expect(try store.queue("q") == ["1"])
    }
}
