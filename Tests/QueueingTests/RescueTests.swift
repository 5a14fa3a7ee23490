import JobModel
import Queueing
import Redis
import TestSupport
import Testing

@Suite("Rescue")
struct RescueTests {
    private func rescue(_ store: Store, _ identity: String, force: Bool = false) throws -> Rescue.Answer {
        try Rescue.answer(store.redis.call(Rescue.command(identity: identity, force: force)))
    }

    @Test("a killed worker's jobs go back where they are fetched next, in their order")
    func order() throws {
        let store = try Store()
        try store.lease("gone")
        try store.push("a", ["a1", "a2", "a3", "a4"])
        try store.push("b", ["b1", "b2"])
        _ = try store.fetch(2, from: ["a"], as: "gone", firstSequence: 9)
        _ = try store.fetch(2, from: ["b"], as: "gone", firstSequence: 11)
        _ = try store.fetch(1, from: ["a"], as: "gone", firstSequence: 100)
        try store.lease("gone", endsAt: 1)
        let answer = try rescue(store, "gone")
        #expect(answer.returned == [QueueName(trusted: "a"): 3, QueueName(trusted: "b"): 2])
        #expect(try store.queue("a") == ["a1", "a2", "a3", "a4"])
        #expect(try store.queue("b") == ["b1", "b2"])
        #expect(try store.reserved("gone").isEmpty)
        #expect(try store.run("ZSCORE", Keys.leases, "gone") == .null)
    }

    @Test("a process whose lease still runs keeps its jobs, unless it is known to be dead")
    func alive() throws {
        let store = try Store()
        try store.lease("here")
        try store.push("q", ["1"])
        _ = try store.fetch(1, as: "here")
        #expect(try rescue(store, "here").isAlive)
        #expect(try store.reserved("here").count == 1)
        #expect(try !rescue(store, "here", force: true).isAlive)
        #expect(try store.queue("q") == ["1"])
    }

    @Test("a process that was taken for dead can settle nothing afterwards, and fetches nothing until it registers")
    func fence() throws {
        let store = try Store()
        try store.lease("slow")
        try store.push("q", ["1", "2"])
        let held = try store.fetch(2, as: "slow")
        _ = try rescue(store, "slow", force: true)

        var request = store.fetching(2, as: "slow", firstSequence: 3)
        request.settlements = [
            held[0].settled(.retry(afterSeconds: 1, payload: bytes("r")), .failed), held[1].settled(.ack, .succeeded),
        ]
        let answer = try store.exchange(request)
        #expect(Set(answer.refusedSettlements) == Set(held.map(\.id)))
        #expect(!answer.isRegistered)
        #expect(answer.fetched.isEmpty)
        #expect(try store.queue("q") == ["1", "2"])
        #expect(try store.set("retry").isEmpty)
        #expect(try store.number("stat:processed") == 0)

        let beat = try ProcessRegistry.answer(store.redis.call(ProcessRegistry.command(.init(identity: "slow"))))
        #expect(!beat.wasKnown)
        #expect(try !store.exchange(store.fetching(1, as: "slow")).isRegistered)
        _ = try store.redis.call(ProcessRegistry.command(.init(identity: "slow", origin: someOrigin)))
        #expect(try store.fetch(2, as: "slow", firstSequence: 3).map(\.text) == ["1", "2"])
    }

    @Test("five thousand jobs come back in one go")
    func many() throws {
        let store = try Store()
        try store.lease("gone")
        let jobs = (0..<5000).map { "job \($0)" }
        for start in stride(from: 0, to: 5000, by: 1000) {
            try store.push("q", Array(jobs[start..<start + 1000]))
            _ = try store.fetch(1000, as: "gone", firstSequence: UInt64(start))
        }
        #expect(try store.reserved("gone").count == 5000)
        #expect(try rescue(store, "gone", force: true).returned == [QueueName(trusted: "q"): 5000])
        #expect(try store.queue("q") == jobs)
    }

    @Test("a job whose queue is of another type waits, and its process stays to be rescued")
    func pollutedQueue() throws {
        let store = try Store()
        try store.lease("gone")
        try store.push("a", ["a1"])
        try store.push("b", ["b1"])
        _ = try store.fetch(2, from: ["a", "b"], as: "gone")
        try store.run("SET", "queue:a", "text")
        let answer = try rescue(store, "gone", force: true)
        #expect(answer.returned == [QueueName(trusted: "b"): 1])
        #expect(answer.troubled.keys.map(\.text) == ["a"])
        #expect(try store.reserved("gone").values.sorted() == ["a1"])
        let leases = try Rescue.leases(store.redis.pipeline(Rescue.listCommands))
        #expect(leases.map(\.identity) == ["gone"])
        #expect(leases.first?.isOver == true)

        try store.run("DEL", "queue:a")
        #expect(try rescue(store, "gone").returned == [QueueName(trusted: "a"): 1])
        #expect(try store.queue("a") == ["a1"])
        #expect(try Rescue.leases(store.redis.pipeline(Rescue.listCommands)).isEmpty)
    }

    @Test("rescue works while Redis is full")
    func full() throws {
        let store = try Store()
        try store.lease("gone")
        try store.push("q", ["1"])
        _ = try store.fetch(1, as: "gone")
        try store.run("CONFIG", "SET", "maxmemory", "1")
        #expect(try rescue(store, "gone", force: true).returned == [QueueName(trusted: "q"): 1])
        #expect(try store.queue("q") == ["1"])
    }

    @Test("a rescued process leaves nothing behind, on the dashboard neither")
    func records() throws {
        let store = try Store()
        _ = try store.redis.call(ProcessRegistry.command(someBeat("gone")))
        #expect(try Set(store.run("KEYS", "*").elements?.compactMap(\.text) ?? []).contains("gone:work"))
        _ = try rescue(store, "gone", force: true)
        #expect(try store.run("DBSIZE").integer == 0)
    }

    @Test("the list of leases says whose are over by Redis' clock")
    func list() throws {
        let store = try Store()
        try store.lease("here")
        try store.lease("gone", endsAt: 1)
        let leases = try Rescue.leases(store.redis.pipeline(Rescue.listCommands))
        #expect(leases.filter(\.isOver).map(\.identity) == ["gone"])
        #expect(leases.filter { !$0.isOver }.map(\.identity) == ["here"])
    }

    @Test("what Redis holds for a process can be listed and read back")
    func ownReservations() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2", "3"])
        let held = try store.fetch(3)
        let ids = try OwnReservations.ids(store.redis.call(OwnReservations.idsCommand(identity: "me")))
        #expect(ids == held.map(\.id))
        try store.settle([held[1].settled(.ack)])
        let left = try OwnReservations.reservations(
            store.redis.call(OwnReservations.payloadsCommand(identity: "me", ids: ids)), ids: ids)
        #expect(left == [held[0], held[2]])
    }

    @Test("after an exchange whose answer was lost, its jobs are found and what it settled stays settled once")
    func lostAnswer() throws {
        let store = try Store()
        try store.lease()
        try store.push("q", ["1", "2", "3"])
        let held = try store.fetch(1)
        var request = store.fetching(2, firstSequence: 2)
        request.settlements = [held[0].settled(.retry(afterSeconds: 1, payload: bytes("r")), .failed)]

        let doomed = try store.server.connect(scripts: Scripts.all)
        doomed.append(Exchange.command(request))
        eventually("the exchange is sent") { (try? doomed.flush()) == true }
        try eventually("it was carried out") { try store.queue("q").isEmpty }
        doomed.close()

        let ids = try OwnReservations.ids(store.redis.call(OwnReservations.idsCommand(identity: "me")))
        #expect(ids.map(\.sequence) == [2, 3])
        let found = try OwnReservations.reservations(
            store.redis.call(OwnReservations.payloadsCommand(identity: "me", ids: ids)), ids: ids)
        #expect(found.map(\.text) == ["2", "3"])
        #expect(try store.settle(request.settlements).refusedSettlements == [held[0].id])
        #expect(try store.set("retry") == ["r"])
        #expect(try store.number("stat:failed") == 1)
    }
}
