import JobModel
import Platform
import Queueing
import Testing

@testable import Worker

@Suite("How a worker decides to end")
struct WorkerStopTests {
    @Test("runs that a stop interrupts go back together once the last has ended")
    func together() throws {
        var bench = StateBench.connected(slots: 3)
        let starts = try bench.fetched(["a", "b", "c"])
        bench.tell(.stop(deadline: bench.boot(0)))
        #expect(bench.next().interrupts.count == 3)
        bench.tell(.ran(slot: starts[1].slot, .init(outcome: .interrupted)))
        #expect(bench.next().exchange == nil)
        bench.tell(.ran(slot: starts[2].slot, .init(outcome: .succeeded)))
        let done = try #require(bench.next().exchange)
        #expect(done.settlements.map(\.verdict) == [.ack], "what was done all the same does not wait")
        bench.tell(.exchanged(bench.answer(to: done, jobs: [])))
        bench.tell(.ran(slot: starts[0].slot, .init(outcome: .interrupted)))
        let settlements = try #require(bench.next().exchange).settlements
        #expect(Set(settlements.map(\.id)) == [starts[0].reservation.id, starts[1].reservation.id])
        #expect(settlements.allSatisfy { $0.verdict == .requeue && $0.counts == .nothing })
    }

    @Test("a handler that does not end keeps the others' jobs for a second, and its own for good")
    func stuckHandler() throws {
        var bench = StateBench.connected(slots: 2)
        let starts = try bench.fetched(["a", "b"])
        bench.tell(.stop(deadline: bench.boot(0)))
        _ = bench.next()
        bench.tell(.ran(slot: starts[0].slot, .init(outcome: .interrupted)))
        #expect(bench.next().exchange == nil)
        #expect(bench.state.wakeUp(after: bench.now.boot) == bench.boot(1.2))
        bench.advance(1.2)
        #expect(bench.next().exchange?.settlements.map(\.id) == [starts[0].reservation.id])
    }

    @Test("interrupted jobs that were given to others meanwhile are not put back")
    func takenMeanwhile() throws {
        var bench = StateBench.connected(slots: 2)
        let starts = try bench.fetched(["a", "b"])
        bench.tell(.stop(deadline: bench.boot(0)))
        _ = bench.next()
        bench.tell(.ran(slot: starts[0].slot, .init(outcome: .interrupted)))
        _ = bench.next()
        bench.tell(.compared([starts[1].reservation.id]))
        bench.tell(.ran(slot: starts[1].slot, .init(outcome: .interrupted)))
        let actions = bench.next()
        #expect(actions.exchange?.settlements.map(\.id) == [starts[1].reservation.id])
        #expect(actions.notices.contains { if case .late = $0 { true } else { false } })
    }

    @Test("a worker that is cut off when it is told to stop waits for Redis, and then says farewell")
    func farewellAfterOutage() throws {
        var bench = StateBench.connected(slots: 1)
        bench.tell(.linkDown, .stop(deadline: bench.boot(25)))
        #expect(bench.next().endsHandlers)
        bench.tell(.handlersEnded)
        let cutOff = bench.next()
        #expect(!cutOff.deregisters && !cutOff.exits)
        bench.advance(10)
        bench.tell(.leaseRenewed(until: bench.boot(20)), .linkUp)
        #expect(!bench.next().deregisters, "a fetch that was not answered may have reserved something")
        bench.tell(.compared([]))
        #expect(bench.next().deregisters)
        bench.tell(.deregistered)
        #expect(bench.next().exits)
        #expect(bench.state.leavesNothing)
    }

    @Test("what an unanswered fetch had reserved goes back before the farewell")
    func unseenReservations() throws {
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        let unseen = bench.answer(to: request, jobs: ["a"]).fetched
        bench.tell(.linkDown, .stop(deadline: bench.boot(25)))
        _ = bench.next()
        bench.tell(.handlersEnded, .leaseRenewed(until: bench.boot(20)), .linkUp)
        _ = bench.next()
        bench.tell(.compared(unseen.map(\.id)))
        #expect(bench.next().reads == [unseen.map(\.id)])
        bench.tell(.adopted(unseen))
        let actions = bench.next()
        #expect(actions.starts.isEmpty && !actions.deregisters)
        let giving = try #require(actions.exchange)
        #expect(giving.settlements.map(\.verdict) == [.requeue])
        bench.tell(.exchanged(bench.answer(to: giving, jobs: [])))
        #expect(bench.next().deregisters)
    }

    @Test("if Redis does not come back, it goes shortly after the deadline and says that it leaves something behind")
    func outageForGood() {
        var bench = StateBench.connected(slots: 1)
        bench.tell(.linkDown, .stop(deadline: bench.boot(5)))
        _ = bench.next()
        bench.tell(.handlersEnded)
        bench.advance(6.2)
        #expect(!bench.next().exits)
        bench.advance(0.1)
        let actions = bench.next()
        #expect(actions.exits && !actions.deregisters)
        #expect(!bench.state.leavesNothing)
    }

    @Test("one that Redis has never known ends at once")
    func neverKnown() {
        var bench = StateBench(slots: 1)
        bench.tell(.stop(deadline: bench.boot(25)))
        #expect(bench.next().endsHandlers)
        bench.tell(.handlersEnded)
        #expect(bench.next().exits)
        #expect(bench.state.leavesNothing)
    }

    @Test("a farewell that comes late, on a busy machine, still waits for its answer")
    func lateFarewell() {
        var bench = StateBench.connected(slots: 1)
        bench.tell(.stop(deadline: bench.boot(0)))
        _ = bench.next()
        bench.advance(4)
        bench.tell(.handlersEnded)
        #expect(bench.next().deregisters)
        #expect(!bench.next().exits)
        bench.tell(.deregistered)
        #expect(bench.next().exits)
        #expect(bench.state.leavesNothing)
    }

    @Test("a farewell whose answer was lost is said again; one that is never answered ends all the same")
    func lostFarewell() {
        var bench = StateBench.connected(slots: 1)
        bench.tell(.stop(deadline: bench.boot(5)))
        _ = bench.next()
        bench.tell(.handlersEnded)
        #expect(bench.next().deregisters)
        bench.tell(.linkDown)
        #expect(!bench.next().exits)
        bench.tell(.leaseRenewed(until: bench.boot(20)), .linkUp)
        _ = bench.next()
        bench.tell(.compared([]))
        #expect(bench.next().deregisters)
        bench.advance(6.5)
        #expect(bench.next().exits)
        #expect(!bench.state.leavesNothing)
    }
}
