import JobModel
import Platform
import Queueing
import Testing

@testable import Worker

@Suite("A worker whose number of slots changes")
struct SlotLimitTests {
    @Test("it fetches and starts no more than the limit, though it has more slots")
    func fewer() throws {
        var bench = StateBench.connected(slots: 8)
        bench.tell(.limited(2))
        let request = try #require(bench.next().exchange)
        #expect(request.fetch == 2)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a", "b", "c"])))
        #expect(bench.next().starts.count == 2)
        #expect(bench.state.busy == 2)
        #expect(!bench.state.wantsJobs)
    }

    @Test("a higher limit is used at once")
    func more() throws {
        var bench = StateBench.connected(slots: 8)
        bench.tell(.limited(2))
        _ = try bench.fetched(["a", "b"])
        bench.tell(.limited(5))
        #expect((bench.next().exchange?.fetch ?? 0) >= 3)
    }

    @Test("a lower limit interrupts nothing: slots are not filled again until so few are busy")
    func shrinking() throws {
        var bench = StateBench.connected(slots: 4)
        let starts = try bench.fetched(["a", "b", "c", "d"])
        bench.tell(.limited(2))
        let actions = bench.next()
        #expect(actions.interrupts.isEmpty && actions.starts.isEmpty)
        #expect(bench.state.busy == 4)
        for start in starts.prefix(2) { bench.tell(.ran(slot: start.slot, .init(outcome: .succeeded))) }
        let request = try #require(bench.next().exchange)
        #expect(request.settlements.count == 2)
        #expect(request.fetch == 0)
        let stray = Reservation(
            id: ReservationID(sequence: 900, queue: StateBench.queue), payload: StateBench.payload("e"))
        bench.tell(.exchanged(bench.answer(to: request, jobs: [])), .adopted([stray]))
        #expect(bench.next().starts.isEmpty)
        bench.tell(.ran(slot: starts[2].slot, .init(outcome: .succeeded)))
        #expect(bench.next().starts.map(\.job.jid) == ["e"])
    }

    @Test("a slot that is out of service counts as taken")
    func writtenOff() throws {
        var bench = StateBench.connected(slots: 4)
        bench.tell(.limited(2), .slotWrittenOff(3))
        let request = try #require(bench.next().exchange)
        #expect(request.fetch == 1)
    }

    @Test("no limit goes below one slot or beyond those there are")
    func bounds() {
        var bench = StateBench.connected(slots: 4)
        bench.tell(.limited(0))
        #expect(bench.state.limit == 1)
        bench.tell(.limited(100))
        #expect(bench.state.limit == 4)
    }
}
