import JobModel
import Platform
import Queueing
import Testing

@testable import Worker

@Suite("A slot whose killed process does not end")
struct WrittenOffSlotTests {
    private static let timeout = Outcome.failed(Failure(errorClass: "Timeout", message: "exceeded 5m"))

    @Test("its job is settled as failed, and it is given no other one before the process is gone")
    func outOfService() throws {
        var bench = StateBench.connected(slots: 2)
        let starts = try bench.fetched(["stuck", "a"])
        bench.tell(
            .slotWrittenOff(starts[0].slot), .ran(slot: starts[0].slot, .init(outcome: Self.timeout)),
            .ran(slot: starts[1].slot, .init(outcome: .succeeded)))
        #expect(bench.state.busy == 0)
        #expect(bench.state.writtenOff == 1)
        let request = try #require(bench.next().exchange)
        #expect(request.settlements.map(\.counts) == [.failed, .succeeded])
        #expect(request.settlements[0].verdict.isRetry)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["b", "c"])))
        var actions = bench.next()
        #expect(actions.starts.map(\.slot) == [starts[1].slot])
        #expect(bench.state.busy == 1)

        bench.tell(.slotReturned(starts[0].slot))
        actions = bench.next()
        #expect(actions.starts.map(\.slot) == [starts[0].slot])
        #expect(bench.state.busy == 2)
        #expect(bench.state.writtenOff == 0)
    }

    @Test("a slot can be written off while it is idle, or while the next job runs in it, and come back in time")
    func later() throws {
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        bench.tell(.slotWrittenOff(0))
        #expect(bench.state.writtenOff == 1)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["x"])))
        #expect(bench.next().starts.isEmpty)
        bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.slotWrittenOff(0), .slotWrittenOff(0), .slotReturned(0), .slotReturned(0))
        bench.tell(.ran(slot: start.slot, .init(outcome: .succeeded)))
        #expect(bench.state.writtenOff == 0 && bench.state.busy == 0)
    }

    @Test("when all are written off nothing is fetched")
    func nothingLeft() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["stuck"])[0]
        bench.tell(.slotWrittenOff(start.slot), .ran(slot: start.slot, .init(outcome: Self.timeout)))
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, jobs: [])))
        bench.advance(1)
        bench.tell(.woken)
        #expect(bench.next().starts.isEmpty)
    }

    @Test("a stop does not wait for it")
    func stop() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["stuck"])[0]
        bench.tell(.slotWrittenOff(start.slot), .ran(slot: start.slot, .init(outcome: Self.timeout)))
        bench.tell(.exchanged(bench.answer(to: try #require(bench.next().exchange), jobs: [])))
        bench.tell(.stop(deadline: bench.boot(25)))
        #expect(bench.next().endsHandlers)
    }
}

extension Verdict {
    fileprivate var isRetry: Bool { if case .retry = self { true } else { false } }
}
