import JobModel
import Queueing
import Testing

@testable import Worker

@Suite("Capsules of a worker")
struct CapsuleTests {
    /// Answers what it asks until it asks for nothing more, and takes in what starts.
    private func work(
        _ bench: inout StateBench, _ queues: inout [String: [String]], paused: Set<String> = []
    ) -> [StateBench.Actions.Start] {
        var starts: [StateBench.Actions.Start] = []
        for _ in 0..<10 {
            let actions = bench.next()
            starts += actions.starts
            guard let request = actions.exchange else { break }
            bench.tell(.exchanged(bench.answer(to: request, queues: &queues, paused: paused)))
        }
        return starts
    }

    private func starts(_ starts: [StateBench.Actions.Start]) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: starts.map { ($0.job.jid ?? "", $0.slot) })
    }

    @Test("one exchange asks for all capsules, each with as many jobs as it has slots for")
    func together() throws {
        var bench = StateBench.connected(capsules: [(3, ["a"]), (2, ["b", "c"])])
        let request = try #require(bench.next().exchange)
        #expect(request.fetches.map(\.count).sorted() == [2, 3])
        #expect(request.fetches.first { $0.capsule == 1 }?.queues.map(\.text) == ["b", "c"])
        #expect(bench.state.limit == 5)
    }

    @Test("a job starts in a slot of its capsule, those of the first being numbered first")
    func slots() {
        var bench = StateBench.connected(capsules: [(2, ["a"]), (2, ["b"])])
        var queues = ["a": ["a1", "a2", "a3"], "b": ["b1"]]
        let started = starts(work(&bench, &queues))
        #expect(started.keys.sorted() == ["a1", "a2", "b1"])
        #expect((0...1).contains(started["a1"] ?? -1) && (0...1).contains(started["a2"] ?? -1))
        #expect((2...3).contains(started["b1"] ?? -1))
    }

    @Test("a capsule whose slots are all busy does not hold up another")
    func independent() {
        var bench = StateBench.connected(capsules: [(1, ["a"]), (1, ["b"])])
        var queues = ["a": ["a1", "a2", "a3"], "b": ["b1"]]
        var started = work(&bench, &queues)
        #expect(started.map(\.job.jid) == ["a1", "b1"])
        for round in 2...5 {
            bench.tell(.ran(slot: 1, .init(outcome: .succeeded)))
            queues["b"] = ["b\(round)"]
            bench.tell(.woken)
            started = work(&bench, &queues)
            #expect(started.map(\.job.jid) == ["b\(round)"])
        }
        #expect(bench.state.busy == 2)
    }

    @Test("a queue of two capsules is started where a slot is free, also if the other has fetched the job")
    func shared() throws {
        var bench = StateBench.connected(capsules: [(1, ["a"]), (1, ["a"])])
        let request = try #require(bench.next().exchange)
        let jobs = ["x", "y"].enumerated().map { index, jid in
            Reservation(
                id: ReservationID(sequence: request.firstSequence + UInt64(index), queue: QueueName(trusted: "a")),
                payload: StateBench.payload(jid))
        }
        bench.tell(.exchanged(Exchange.Answer(fetched: jobs, counts: [2, 0])))
        #expect(Set(bench.next().starts.map(\.slot)) == [0, 1])
    }

    @Test("jobs whose answer was lost go to the capsule of their queue")
    func adoption() throws {
        var bench = StateBench.connected(capsules: [(1, ["a"]), (2, ["b"])])
        var queues = ["a": ["a1"], "b": ["b1", "b2"]]
        let unseen = bench.answer(to: try #require(bench.next().exchange), queues: &queues).fetched
        bench.tell(.linkDown, .linkUp)
        _ = bench.next()
        bench.tell(.compared(unseen.map(\.id)))
        _ = bench.next()
        #expect(!bench.state.wantsJobs)
        bench.tell(.adopted(unseen))
        let started = starts(bench.next().starts)
        #expect(started["a1"] == 0)
        #expect(Set([started["b1"], started["b2"]]) == [1, 2])
    }

    @Test("a limit concerns the slots of the first capsule only")
    func limit() throws {
        var bench = StateBench.connected(capsules: [(8, ["a"]), (2, ["b"])])
        bench.tell(.limited(3))
        #expect(bench.state.limit == 5)
        let request = try #require(bench.next().exchange)
        #expect(request.fetches.map(\.count).sorted() == [2, 3])
    }

    @Test("a worker goes on hearing of pushes while one of its capsules is idle")
    func listening() {
        var bench = StateBench.connected(capsules: [(1, ["a"]), (1, ["b"])])
        var queues = ["a": (0..<100).map { "a\($0)" }, "b": []]
        var listens: [Bool] = []
        for _ in 0..<60 {
            let actions = bench.next()
            listens += actions.listens
            if let request = actions.exchange {
                bench.tell(.exchanged(bench.answer(to: request, queues: &queues)))
            }
            for start in actions.starts { bench.tell(.ran(slot: start.slot, .init(outcome: .succeeded))) }
        }
        #expect(listens == [true])
    }

    @Test("what was fetched before its queue was paused and has not begun goes back, what runs goes on")
    func pause() throws {
        var bench = StateBench.connected(capsules: [(2, ["a", "b"])])
        var queues = ["a": ["a1", "a2"], "b": []]
        #expect(work(&bench, &queues).map(\.job.jid) == ["a1", "a2"])
        bench.tell(.ran(slot: 0, .init(outcome: .succeeded)))
        let request = try #require(bench.next().exchange)
        let ahead = ["a3", "b1", "a4"].enumerated().map { index, jid in
            Reservation(
                id: ReservationID(sequence: 900 + UInt64(index), queue: QueueName(trusted: String(jid.prefix(1)))),
                payload: StateBench.payload(jid))
        }
        queues["a"] = ["a5"]
        bench.tell(.adopted(ahead), .exchanged(bench.answer(to: request, queues: &queues, paused: ["a"])))
        let actions = bench.next()
        #expect(actions.starts.map(\.job.jid) == ["b1"])
        #expect(actions.interrupts.isEmpty)
        let settlements = try #require(actions.exchange?.settlements)
        #expect(settlements.map(\.verdict) == [.requeue, .requeue])
        #expect(settlements.map(\.id) == [ahead[0].id, ahead[2].id])
    }

    @Test("a worker whose queues are all paused waits to hear of a change")
    func allPaused() {
        var bench = StateBench.connected(capsules: [(1, ["a"])])
        var queues = ["a": ["a1"]]
        #expect(work(&bench, &queues, paused: ["a"]).isEmpty)
        #expect(bench.next().exchange == nil)
        bench.tell(.woken)
        #expect(work(&bench, &queues).map(\.job.jid) == ["a1"])
    }
}
