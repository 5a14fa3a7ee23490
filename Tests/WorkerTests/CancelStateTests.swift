import JobModel
import Platform
import Queueing
import Testing

@testable import Worker

@Suite("What a worker does about jobs that somebody wants cancelled")
struct CancelStateTests {
    private let alice = Cancellation(by: "alice@web1")

    private func cancels(_ actions: StateBench.Actions) -> [Int] {
        actions.all.compactMap { if case .cancel(let slot, _) = $0 { slot } else { nil } }
    }

    private func buried(_ settlement: Settlement?) throws -> Job {
        guard case .bury(let payload) = settlement?.verdict else {
            Issue.record("not buried: \(String(describing: settlement))")
            return try Job(decoding: StateBench.payload("none"))
        }
        return try Job(decoding: payload)
    }

    @Test(
        "a running job is told once, and whatever it comes to, other than done, it is cancelled and counts as no failure"
    )
    func running() throws {
        let failure = Failure(errorClass: "E", message: "m")
        for outcome in [
            Outcome.failed(failure), .interrupted, .died(failure, how: "x"), .snoozed(seconds: 1), .discarded,
        ] {
            var bench = StateBench.connected(slots: 2)
            let starts = try bench.fetched(["a", "b"])
            bench.tell(.requested(["b": alice, "other": alice]))
            #expect(cancels(bench.next()) == [starts[1].slot])
            bench.tell(.requested(["b": alice]))
            #expect(cancels(bench.next()) == [])
            bench.tell(.ran(slot: starts[1].slot, .init(outcome: outcome)))
            let settlement = try #require(bench.next().exchange?.settlements.first)
            let job = try buried(settlement)
            #expect(job.object.string("error_class") == "Cancelled")
            #expect(
                job.object.string("error_message") == "cancelled by alice@web1 while it was running in host:1:abc")
            #expect(settlement.counts == .succeeded)
            #expect(settlement.request == SettledRequest(jid: "b", became: .running))
        }
    }

    @Test("one that says that it is done is done, and the request is answered")
    func done() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.requested(["a": alice]), .ran(slot: start.slot, .init(outcome: .succeeded)))
        let settlement = try #require(bench.next().exchange?.settlements.first)
        #expect(settlement.verdict == .ack)
        #expect(settlement.request == SettledRequest(jid: "a", became: .done))
    }

    @Test("what is fetched while a request stands is not begun; its slot takes the next")
    func unstarted() throws {
        var bench = StateBench.connected(slots: 1)
        bench.tell(.requested(["a": alice]))
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a", "b"])))
        let actions = bench.next()
        #expect(actions.starts.map(\.job.jid) == ["b"])
        let settlement = try #require(actions.exchange?.settlements.first)
        #expect(settlement.request == SettledRequest(jid: "a", became: .unstarted))
        #expect(settlement.counts == .nothing)
        let words = try buried(settlement).object.string("error_message")
        #expect(words == "cancelled by alice@web1 before it began to run in host:1:abc")
    }

    @Test("a job that comes back since its request was gone is begun")
    func staleRequest() throws {
        var bench = StateBench.connected(slots: 1)
        bench.tell(.requested(["a": alice]))
        var request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a"])))
        request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a"])))
        #expect(bench.next().starts.map(\.job.jid) == ["a"])
    }

    @Test("a job that was given to others is told to end here, too, and whoever has it now finds the request")
    func fenced() throws {
        var bench = StateBench.connected(slots: 2)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.requested(["a": alice]), .compared([]))
        #expect(cancels(bench.next()) == [start.slot])
        // This worker gets it again.
        let request = try #require(bench.state.inFlight)
        bench.tell(.exchanged(bench.answer(to: request, jobs: ["a"])))
        let actions = bench.next()
        #expect(actions.starts.isEmpty)
        #expect(actions.exchange?.settlements.first?.request?.became == .unstarted)
    }

    @Test("a stop does not put a job back that was to be cancelled")
    func stop() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(.requested(["a": alice]), .stop(deadline: bench.boot(0)))
        #expect(bench.next().interrupts == [start.slot])
        bench.tell(.ran(slot: start.slot, .init(outcome: .interrupted)))
        #expect(try buried(bench.next().exchange?.settlements.first).object.string("error_class") == "Cancelled")
    }

    @Test("a run that was interrupted with a chunk on its way waits for that, and is buried with its checkpoint")
    func interruptedStream() throws {
        for isLost in [false, true] {
            var bench = StateBench.connected(slots: 1)
            let start = try bench.fetched(["a"])[0]
            bench.tell(
                .pushed(slot: start.slot, StreamedChunk(children: [], checkpoint: Array("1".utf8))),
                .pushed(slot: start.slot, StreamedChunk(children: [], checkpoint: Array("2".utf8))))
            _ = bench.next()
            if isLost { bench.tell(.linkDown) }
            bench.tell(.requested(["a": alice]), .ran(slot: start.slot, .init(outcome: .interrupted)))
            #expect(bench.next().exchange?.settlements.isEmpty ?? true)
            if isLost {
                bench.tell(.linkUp, .compared([start.reservation.id]))
                #expect(bench.next().exchange?.settlements.isEmpty ?? true)
            }
            bench.tell(.chunked(slot: start.slot, start.reservation.id, .pushed))
            let actions = bench.next()
            let settlement = try #require((actions.exchange ?? bench.state.inFlight)?.settlements.first)
            let job = try buried(settlement)
            #expect(job.object.string("error_class") == "Cancelled")
            #expect(job.checkpoint.map(Array.init) == Array("1".utf8))
            let told = actions.all.compactMap { action -> Outcome? in
                if case .concluded(_, _, let outcome, _) = action { outcome } else { nil }
            }
            #expect(told.map(\.failure?.errorClass) == ["Cancelled"])
        }
    }

    @Test("a run that waited for a process was not begun, whatever ends it")
    func waited() throws {
        for outcome in [Outcome.cancelled(Failure(errorClass: "Cancelled", message: "running")), .interrupted] {
            var bench = StateBench.connected(slots: 1)
            let start = try bench.fetched(["a"])[0]
            bench.tell(
                .requested(["a": alice]), .ran(slot: start.slot, RunResult(outcome: outcome, hasBegun: false)))
            let settlement = try #require(bench.next().exchange?.settlements.first)
            let words = try buried(settlement).object.string("error_message")
            #expect(words == "cancelled by alice@web1 before it began to run in host:1:abc")
            #expect(settlement.counts == .nothing)
            #expect(settlement.request?.became == .unstarted)
        }
    }

    @Test("a run that is over and waits for room for its children does not wait if it is cancelled")
    func stuckStream() throws {
        var bench = StateBench.connected(slots: 1)
        let start = try bench.fetched(["a"])[0]
        bench.tell(
            .pushed(slot: start.slot, StreamedChunk(children: [], checkpoint: Array("1".utf8))),
            .pushed(slot: start.slot, StreamedChunk(children: [], checkpoint: Array("2".utf8))))
        _ = bench.next()
        bench.tell(.chunked(slot: start.slot, start.reservation.id, .pushed))
        _ = bench.next()
        bench.tell(
            .chunked(slot: start.slot, start.reservation.id, .deep(StateBench.queue, jobs: 9)),
            .ran(slot: start.slot, .init(outcome: .succeeded)))
        #expect(bench.next().exchange?.settlements.isEmpty ?? true)
        bench.tell(.requested(["a": alice]))
        let settlement = try #require(bench.next().exchange?.settlements.first)
        let job = try buried(settlement)
        #expect(job.object.string("error_class") == "Cancelled")
        // What was pushed is pushed: put back, it goes on from there.
        #expect(job.checkpoint.map(Array.init) == Array("1".utf8))
        #expect(settlement.request?.became == .running)
    }
}
