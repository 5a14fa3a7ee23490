import JobModel
import Platform
import Queueing
import Testing

@testable import Worker

@Suite("What a worker decides")
struct WorkerStateTests {
    @Test("a worker that is not connected asks for nothing")
    func unconnected() {
        var bench = StateBench(slots: 2)
        #expect(bench.next().isEmpty)
    }

    @Test("after connecting it compares first, then fetches for all free slots")
    func firstFetch() throws {
        var bench = StateBench(slots: 3)
        bench.tell(.leaseRenewed(until: bench.boot(20)), .linkUp)
        #expect(bench.next().compares == 1)
        bench.tell(.compared([]))
        let request = try #require(bench.next().exchange)
        #expect(request.fetch == 3)
        #expect(request.settlements.isEmpty)
        #expect(request.firstSequence == 1)
    }

    @Test("what is fetched starts, one job a slot, oldest first")
    func starts() throws {
        var bench = StateBench.connected(slots: 2)
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a", "b"])))
        let starts = bench.next().starts
        #expect(starts.map(\.job.jid) == ["a", "b"])
        #expect(Set(starts.map(\.slot)).count == 2)
    }

    @Test("an idle worker asks once more after it began to listen for pushes, then waits")
    func listens() throws {
        var bench = StateBench.connected(slots: 2)
        bench.tell(.exchanged(bench.answer(to: try #require(bench.next().exchange), jobs: [])))
        let actions = bench.next()
        #expect(actions.listens == [true])
        bench.tell(.exchanged(bench.answer(to: try #require(actions.exchange), jobs: [])))
        #expect(bench.next().exchange == nil)
        bench.tell(.woken)
        #expect(bench.next().exchange?.fetch == 2)
    }

    @Test("acks and the next fetch travel in one exchange")
    func together() throws {
        var bench = StateBench.connected(slots: 2)
        let starts = try bench.fetched(["a", "b"])
        bench.tell(.ran(slot: starts[0].slot, .init(outcome: .succeeded)))
        bench.tell(.ran(slot: starts[1].slot, .init(outcome: .succeeded)))
        let request = try #require(bench.next().exchange)
        #expect(request.settlements.map(\.verdict) == [.ack, .ack])
        #expect(request.fetch >= 2)
    }

    @Test("one exchange is under way at a time")
    func oneAtATime() throws {
        var bench = StateBench.connected(slots: 2)
        let starts = try bench.fetched(["a", "b"])
        bench.tell(.ran(slot: starts[0].slot, .init(outcome: .succeeded)))
        #expect(bench.next().exchange != nil)
        bench.tell(.ran(slot: starts[1].slot, .init(outcome: .succeeded)))
        #expect(bench.next().exchange == nil)
    }

    @Test("a failure is settled as a retry that carries its error, and counts as failed")
    func failure() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(
            .ran(slot: start.slot, .init(outcome: .failed(Failure(errorClass: "E", message: "m", backtrace: [])))))
        let settlement = try #require(bench.next().exchange?.settlements.first)
        guard case .retry(let delay, let payload) = settlement.verdict else {
            Issue.record("not a retry: \(settlement.verdict)")
            return
        }
        #expect((15..<25).contains(delay))
        #expect(String(decoding: payload, as: UTF8.self).contains(#""error_class":"E""#))
        #expect(settlement.counts == .failed)
    }

    @Test("a payload that is no job goes to the dead set and its slot takes the next one")
    func malformed() throws {
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, payloads: [Array("[1]".utf8), StateBench.payload("b")])))
        let actions = bench.next()
        #expect(actions.starts.map(\.job.jid) == ["b"])
        #expect(actions.exchange?.settlements.map(\.verdict) == [.bury(payload: [])])
        #expect(actions.exchange?.settlements.map(\.counts) == [.nothing])
    }

    @Test("after a lost answer nothing is settled again before ids were compared")
    func lostAnswer() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.ran(slot: start.slot, .init(outcome: .succeeded)))
        let lost = try #require(bench.next().exchange)
        bench.tell(.linkDown, .linkUp)
        let reconnected = bench.next()
        #expect(reconnected.exchange == nil)
        #expect(reconnected.compares == 1)
        // Redis still holds it: the ack was not carried out, and is sent again.
        bench.tell(.compared([start.reservation.id]))
        let again = try #require(bench.next().exchange)
        #expect(again.settlements.map(\.id) == [start.reservation.id])
        #expect(again.firstSequence >= lost.firstSequence + UInt64(lost.fetch))
    }

    @Test("an ack whose answer was lost but which was carried out is not repeated")
    func carriedOut() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.ran(slot: start.slot, .init(outcome: .succeeded)))
        _ = bench.next()
        bench.tell(.linkDown, .linkUp)
        _ = bench.next()
        bench.tell(.compared([]))
        let actions = bench.next()
        #expect(actions.exchange?.settlements.isEmpty == true)
        #expect(actions.notices.isEmpty)
    }

    @Test("jobs reserved by a fetch whose answer was lost are adopted and run")
    func adoption() throws {
        var bench = StateBench.connected(slots: 2)
        let request = try #require(bench.next().exchange)
        let unseen = bench.answer(to: request, jobs: ["a", "b"]).fetched
        bench.tell(.linkDown, .linkUp)
        _ = bench.next()
        bench.tell(.compared(unseen.map(\.id)))
        #expect(bench.next().reads == [unseen.map(\.id)])
        bench.tell(.adopted(unseen))
        #expect(bench.next().starts.map(\.job.jid) == ["a", "b"])
    }

    @Test("a job that was given to others while it ran is settled all the same, to be refused and counted as late")
    func fenced() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.compared([]))
        #expect(bench.next().notices.contains { if case .taken = $0 { true } else { false } })
        bench.tell(.ran(slot: start.slot, .init(outcome: .succeeded)))
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, jobs: [], refused: [start.reservation.id])))
        #expect(bench.next().notices.contains { if case .late = $0 { true } else { false } })
    }

    @Test(
        "a result that waited while its job was given to others is dropped by the comparison, and counted as late, once"
    )
    func lateByComparison() throws {
        var bench = StateBench.connected(slots: 2)
        let starts = try bench.fetched(["a", "b"])
        bench.tell(.linkDown)
        for start in starts { bench.tell(.ran(slot: start.slot, .init(outcome: .succeeded))) }
        bench.tell(.linkUp, .compared([starts[0].reservation.id]))
        let request = try #require(bench.next().exchange)
        #expect(request.settlements.map(\.id) == [starts[0].reservation.id])
        #expect(request.late == 1)
        bench.tell(.exchanged(bench.answer(to: request, jobs: [])))
        bench.tell(.woken)
        #expect(bench.next().exchange?.late == 0)
    }

    @Test("past its lease a worker starts and fetches nothing until it has renewed and compared")
    func pastLease() throws {
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        bench.advance(30)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a"])))
        let late = bench.next()
        #expect(late.starts.isEmpty)
        bench.tell(.leaseRenewed(until: bench.boot(20)))
        #expect(bench.next().compares == 1)
        #expect(bench.next().starts.isEmpty)
        bench.tell(.compared([]))
        #expect(bench.next().starts.isEmpty, "the job was rescued by somebody else meanwhile")
    }

    @Test("a process whose record is gone from Redis registers again before it fetches")
    func unregistered() throws {
        var bench = StateBench.connected(slots: 1)
        bench.tell(.exchanged(bench.answer(to: try #require(bench.next().exchange), jobs: [], isRegistered: false)))
        let actions = bench.next()
        #expect(actions.registers == 1)
        #expect(actions.exchange == nil)
        bench.tell(.leaseRenewed(until: bench.boot(20)))
        #expect(bench.next().compares == 1, "others may have taken what was reserved here")
        bench.tell(.compared([]))
        #expect(bench.next().exchange?.fetch == 1)
    }

    @Test("at quiet running jobs go on and what has not started goes back")
    func quiet() throws {
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a", "b"])))
        #expect(bench.next().starts.map(\.job.jid) == ["a"])
        bench.tell(.quiet)
        let actions = bench.next()
        #expect(actions.exchange?.settlements.map(\.verdict) == [.requeue])
        #expect(actions.exchange?.fetch == 0)
        #expect(bench.state.busy == 1)
    }

    @Test("a job that waited too long for a slot goes back to its queue")
    func patience() throws {
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a", "b"])))
        _ = bench.next()
        bench.advance(0.06)
        #expect(bench.next().exchange?.settlements.map(\.verdict) == [.requeue])
    }

    @Test("stopping waits for running jobs, then ends handlers, record and process, in this order")
    func stops() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.stop(deadline: bench.boot(25)))
        #expect(!bench.next().endsHandlers)
        bench.tell(.ran(slot: start.slot, .init(outcome: .succeeded)))
        let request = try #require(bench.next().exchange)
        #expect(request.fetch == 0)
        bench.tell(.exchanged(bench.answer(to: request, jobs: [])))
        #expect(bench.next().endsHandlers)
        bench.tell(.handlersEnded)
        #expect(bench.next().deregisters)
        bench.tell(.deregistered)
        #expect(bench.next().exits)
    }

    @Test("past the deadline running jobs are interrupted once and put back without losing a retry")
    func deadline() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.stop(deadline: bench.boot(5)))
        _ = bench.next()
        bench.advance(5)
        let actions = bench.next()
        #expect(actions.interrupts == [start.slot])
        #expect(actions.endsHandlers)
        #expect(bench.next().interrupts.isEmpty)
        bench.tell(.ran(slot: start.slot, .init(outcome: .interrupted)))
        let settlement = try #require(bench.next().exchange?.settlements.first)
        #expect(settlement.verdict == .requeue)
        #expect(settlement.counts == .nothing)
    }

    @Test("a second, earlier stop wins over the first")
    func secondStop() throws {
        var bench = StateBench.connected(slots: 1)
        _ = try bench.fetched(["a"])
        bench.tell(.stop(deadline: bench.boot(25)))
        _ = bench.next()
        bench.tell(.stop(deadline: bench.boot(0)))
        #expect(bench.next().interrupts.count == 1)
    }

    @Test("a stop without Redis ends all the same, and leaves its reservations to be rescued")
    func stopWithoutRedis() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.linkDown, .stop(deadline: bench.boot(1)))
        _ = bench.next()
        bench.advance(1)
        #expect(bench.next().endsHandlers)
        bench.tell(.ran(slot: start.slot, .init(outcome: .interrupted)), .handlersEnded)
        #expect(!bench.next().exits)
        bench.advance(1.3)
        #expect(bench.next().exits)
        #expect(!bench.state.isEmpty)
    }

    @Test("children of a run go with its ack, and only with its ack")
    func children() throws {
        var bench = StateBench.connected(slots: 2)
        let starts = try bench.fetched(["a", "b"])
        let child = try JobDraft.prepare(
            Array(#"{"class":"C","args":[]}"#.utf8), now: Timestamp(milliseconds: 1), newJID: "c")
        bench.tell(.ran(slot: starts[0].slot, .init(outcome: .succeeded, children: [child])))
        bench.tell(.ran(slot: starts[1].slot, .init(outcome: .snoozed(seconds: 5), children: [child])))
        let settlements = try #require(bench.next().exchange).settlements
        #expect(settlements.map { $0.children.count } == [1, 0])
    }
}
