import JobModel
import Platform
import Queueing
import Testing

@testable import Worker

@Suite("A worker under back-pressure")
struct HoldTests {
    @Test("it fetches nothing, gives back what has not started, and what runs goes on")
    func holds() throws {
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a", "b"])))
        #expect(bench.next().starts.map(\.job.jid) == ["a"])
        bench.tell(.held("no memory"))
        let actions = bench.next()
        #expect(actions.exchange?.settlements.map(\.verdict) == [.requeue])
        #expect(actions.exchange?.fetch == 0)
        #expect(actions.interrupts.isEmpty)
        #expect(bench.state.busy == 1)
        #expect(!bench.state.wantsJobs)
    }

    @Test("jobs that a fetch under way brings go back unstarted")
    func underWay() throws {
        var bench = StateBench.connected(slots: 2)
        let request = try #require(bench.next().exchange)
        bench.tell(.held("no memory"))
        #expect(bench.next().all.isEmpty)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a", "b"])))
        let actions = bench.next()
        #expect(actions.starts.isEmpty)
        #expect(actions.exchange?.settlements.map(\.verdict) == [.requeue, .requeue])
        #expect(actions.exchange?.fetch == 0)
    }

    @Test("results of what runs are settled meanwhile, and when it is over jobs are fetched again")
    func goesOn() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.held("no memory"))
        _ = bench.next()
        bench.tell(.ran(slot: start.slot, .init(outcome: .succeeded)))
        let request = try #require(bench.next().exchange)
        #expect(request.settlements.map(\.verdict) == [.ack])
        #expect(request.fetch == 0)
        bench.tell(.exchanged(bench.answer(to: request, jobs: [])), .woken)
        #expect(bench.next().exchange == nil)
        bench.tell(.held(nil))
        #expect((bench.next().exchange?.fetch ?? 0) >= 1)
    }

    @Test("it can be stopped while it is held")
    func stops() throws {
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        bench.tell(.held("no memory"), .stop(deadline: bench.boot(5)))
        bench.tell(.exchanged(bench.answer(to: request, jobs: [])))
        #expect(bench.next().endsHandlers)
    }
}
