import JobModel
import Platform
import Queueing
import Testing

@testable import Worker

@Suite("A run that goes through elements")
struct IterationStateTests {
    private static let known = IterationRecord(
        state: IterationState(executions: 2, cursor: Array("41".utf8), runtimeSeconds: 10))

    private static func running(longest: Double? = nil) throws -> (StateBench, StateBench.Actions.Start) {
        var bench = StateBench(slots: 1, iterationSeconds: longest)
        bench.tell(.leaseRenewed(until: bench.boot(10_000)), .linkUp)
        _ = bench.next()
        bench.tell(.compared([]))
        let start = try #require(bench.fetched(["a"]).first)
        return (bench, start)
    }

    /// One that was told where to go on.
    private static func iterating(longest: Double? = nil, _ record: IterationRecord? = known) throws -> (
        StateBench, StateBench.Actions.Start
    ) {
        var (bench, start) = try running(longest: longest)
        bench.tell(.iterated(slot: start.slot, cursor: nil))
        _ = bench.next()
        bench.tell(.iterationRead(slot: start.slot, start.reservation.id, record))
        _ = bench.next()
        return (bench, start)
    }

    private func come(_ bench: inout StateBench, _ slot: Int, to cursor: String) {
        bench.tell(.iterated(slot: slot, cursor: Array(cursor.utf8)))
    }

    private func told(_ actions: StateBench.Actions) -> [IterationMessage] {
        actions.all.compactMap { if case .tellIteration(_, let message) = $0 { message } else { nil } }
    }

    private func reads(_ actions: StateBench.Actions) -> [String] {
        actions.all.compactMap { if case .readIteration(_, _, let jid) = $0 { jid } else { nil } }
    }

    private func writes(_ actions: StateBench.Actions) -> [IterationState] {
        actions.all.compactMap { if case .writeIteration(_, _, _, let state) = $0 { state } else { nil } }
    }

    private func cursor(_ iteration: SettledIteration?) -> String? {
        guard case .kept(_, let state) = iteration else { return nil }
        return String(decoding: state.cursor, as: UTF8.self)
    }

    @Test("Redis is asked once where it goes on, and this run counts")
    func begins() throws {
        var (bench, start) = try Self.running()
        bench.tell(.iterated(slot: start.slot, cursor: nil))
        #expect(reads(bench.next()) == ["a"])
        #expect(reads(bench.next()) == [])
        bench.tell(.iterationRead(slot: start.slot, start.reservation.id, Self.known))
        let state = IterationState(executions: 3, cursor: Array("41".utf8), runtimeSeconds: 10)
        #expect(told(bench.next()) == [.goOn(state, cancelledAt: nil)])
    }

    @Test("of a job of which nothing is known it is the first run, from the beginning")
    func first() throws {
        var (bench, start) = try Self.running()
        bench.tell(.iterated(slot: start.slot, cursor: nil))
        _ = bench.next()
        bench.tell(.iterationRead(slot: start.slot, start.reservation.id, nil))
        #expect(told(bench.next()) == [.goOn(IterationState(executions: 1), cancelledAt: nil)])
    }

    @Test("while Redis is away, or refuses, the run waits, and it is asked again")
    func waits() throws {
        var (bench, start) = try Self.running()
        bench.tell(.linkDown, .iterated(slot: start.slot, cursor: nil))
        #expect(reads(bench.next()) == [])
        bench.tell(.leaseRenewed(until: bench.boot(10_000)), .linkUp, .compared([start.reservation.id]))
        #expect(reads(bench.next()) == ["a"])
        bench.tell(.linkDown)
        _ = bench.next()
        bench.tell(.leaseRenewed(until: bench.boot(10_000)), .linkUp, .compared([start.reservation.id]))
        #expect(reads(bench.next()) == ["a"], "the answer was lost")
        bench.tell(.iterationRefused(slot: start.slot, start.reservation.id))
        #expect(reads(bench.next()) == [])
        bench.advance(3)
        #expect(reads(bench.next()) == ["a"])
    }

    @Test("its newest cursor is written every five seconds, with the seconds it took so far")
    func writes() throws {
        var (bench, start) = try Self.iterating()
        come(&bench, start.slot, to: "42")
        come(&bench, start.slot, to: "43")
        bench.advance(4.9)
        #expect(writes(bench.next()) == [])
        bench.advance(0.1)
        let state = IterationState(executions: 3, cursor: Array("43".utf8), runtimeSeconds: 15)
        #expect(writes(bench.next()) == [state])
        bench.advance(60)
        #expect(writes(bench.next()) == [], "the answer is not there yet")
        bench.tell(.iterationWritten(slot: start.slot, start.reservation.id, .written(cancelledAt: nil)))
        bench.advance(5)
        #expect(writes(bench.next()).count == 1)
    }

    @Test("it is told once to stop when its worker goes quiet or stops", arguments: [true, false])
    func unwanted(isQuiet: Bool) throws {
        var (bench, _) = try Self.iterating()
        #expect(told(bench.next()) == [])
        bench.tell(isQuiet ? .quiet : .stop(deadline: .never))
        #expect(told(bench.next()) == [.interrupt(cancelledAt: nil)])
        #expect(told(bench.next()) == [])
    }

    @Test("one that asks when its worker is quiet already begins nothing")
    func lateComer() throws {
        var (bench, start) = try Self.running()
        bench.tell(.quiet, .iterated(slot: start.slot, cursor: nil))
        _ = bench.next()
        bench.tell(.iterationRead(slot: start.slot, start.reservation.id, Self.known))
        #expect(told(bench.next()).last == .interrupt(cancelledAt: nil))
    }

    @Test("it is told to stop when its job was given to another process")
    func fenced() throws {
        var (bench, start) = try Self.iterating()
        bench.tell(.iterationWritten(slot: start.slot, start.reservation.id, .gone))
        #expect(told(bench.next()) == [.interrupt(cancelledAt: nil)])
        bench.advance(100)
        #expect(writes(bench.next()) == [])
    }

    @Test("it makes room for others when its time is up, which counts from its first element")
    func longest() throws {
        var (bench, start) = try Self.iterating(longest: 60)
        bench.advance(100)
        #expect(told(bench.next()) == [], "each run does at least one element")
        come(&bench, start.slot, to: "41")
        bench.advance(59)
        #expect(told(bench.next()) == [])
        #expect(try #require(bench.state.wakeUp(after: bench.now.boot)) <= bench.boot(1))
        bench.advance(1)
        #expect(told(bench.next()) == [.interrupt(cancelledAt: nil)])
    }

    @Test("interrupted it goes behind the others, dated anew, with its cursor, and counts as processed")
    func interrupted() throws {
        var (bench, start) = try Self.iterating()
        come(&bench, start.slot, to: "57")
        bench.advance(2)
        bench.tell(.ran(slot: start.slot, RunResult(outcome: .suspended)))
        let settlement = try #require(bench.next().exchange?.settlements.first)
        guard case .suspend(let payload) = settlement.verdict else {
            Issue.record("\(settlement.verdict)")
            return
        }
        let date = #","enqueued_at":\#(bench.now.wall.milliseconds)}"#
        #expect(String(decoding: payload, as: UTF8.self).hasSuffix(date))
        #expect(payload.count == start.job.payload.count + date.utf8.count - 1)
        #expect(settlement.counts == .succeeded)
        let state = IterationState(executions: 3, cursor: Array("57".utf8), runtimeSeconds: 12)
        #expect(settlement.iteration == .kept(jid: "a", state))
        #expect(bench.state.iterations.isEmpty)
    }

    @Test("done and discarded it ends; whatever else it comes to, it goes on from its cursor")
    func settles() throws {
        let failure = Failure(errorClass: "E", message: "m", backtrace: [])
        let outcomes: [(Outcome, isKept: Bool)] = [
            (.succeeded, false), (.discarded, false), (.failed(failure), true), (.dead(failure), true),
            (.died(failure, how: "x"), true), (.snoozed(seconds: 3), true), (.cancelled(failure), true),
            (.interrupted, true),
        ]
        for (outcome, isKept) in outcomes {
            var (bench, start) = try Self.iterating()
            come(&bench, start.slot, to: "57")
            bench.tell(.ran(slot: start.slot, RunResult(outcome: outcome)))
            let settlement = try #require(bench.next().exchange?.settlements.first)
            #expect(cursor(settlement.iteration) == (isKept ? "57" : nil), "\(outcome)")
            #expect(isKept || settlement.iteration == .ended(jid: "a"), "\(outcome)")
        }
    }

    @Test("a run that ends before it is told where to go on leaves what is known as it is")
    func unread() throws {
        var (bench, start) = try Self.running()
        bench.tell(.iterated(slot: start.slot, cursor: nil))
        _ = bench.next()
        bench.tell(.ran(slot: start.slot, RunResult(outcome: .interrupted)))
        let settlement = try #require(bench.next().exchange?.settlements.first)
        #expect(settlement.verdict == .requeue && settlement.iteration == nil)
        bench.tell(.iterationRead(slot: start.slot, start.reservation.id, Self.known))
        #expect(told(bench.next()) == [], "nobody is there to be told")
    }

    @Test("at the deadline of a stop it goes back where it is fetched next, with its cursor")
    func deadline() throws {
        var (bench, start) = try Self.iterating()
        come(&bench, start.slot, to: "57")
        bench.tell(.stop(deadline: bench.boot(5)))
        #expect(told(bench.next()) == [.interrupt(cancelledAt: nil)])
        bench.advance(5)
        #expect(bench.next().interrupts == [start.slot])
        bench.tell(.ran(slot: start.slot, RunResult(outcome: .interrupted)))
        let settlement = try #require(bench.next().exchange?.settlements.first)
        #expect(settlement.verdict == .requeue && cursor(settlement.iteration) == "57")
    }

    @Test("somebody's cancel is told when it is read, at the start or with a write, also after it was told to stop")
    func cancelled() throws {
        var (bench, start) = try Self.running()
        bench.tell(.iterated(slot: start.slot, cursor: nil))
        _ = bench.next()
        bench.tell(.iterationRead(slot: start.slot, start.reservation.id, IterationRecord(cancelledAt: 1_795_315_261)))
        #expect(told(bench.next()) == [.goOn(IterationState(executions: 1), cancelledAt: 1_795_315_261)])
        #expect(told(bench.next()) == [])

        (bench, start) = try Self.iterating()
        bench.tell(.quiet)
        _ = bench.next()
        bench.tell(.iterationWritten(slot: start.slot, start.reservation.id, .written(cancelledAt: 7)))
        #expect(told(bench.next()) == [.interrupt(cancelledAt: 7)])
        #expect(told(bench.next()) == [])
    }

    private static let chunk = StreamedChunk(
        children: [JobDraft.Prepared(payload: Array("c".utf8), queue: StateBench.queue, at: nil, jid: "c")],
        checkpoint: nil)

    @Test("a cursor is not written before the children are there that were pushed before it")
    func childrenFirst() throws {
        var (bench, start) = try Self.iterating()
        come(&bench, start.slot, to: "42")
        bench.tell(.pushed(slot: start.slot, Self.chunk))
        come(&bench, start.slot, to: "43")
        bench.advance(5)
        #expect(writes(bench.next()).map(\.cursor) == [Array("42".utf8)])
        bench.tell(
            .chunked(slot: start.slot, start.reservation.id, .pushed),
            .iterationWritten(slot: start.slot, start.reservation.id, .written(cancelledAt: nil)))
        bench.advance(5)
        #expect(writes(bench.next()).map(\.cursor) == [Array("43".utf8)])
    }

    @Test(
        "interrupted it waits for its children; if it fails without them it goes on before the element that pushed them"
    )
    func childrenAtEnd() throws {
        for outcome in [Outcome.suspended, .failed(Failure(errorClass: "E", message: "m", backtrace: []))] {
            var (bench, start) = try Self.iterating()
            come(&bench, start.slot, to: "42")
            // The first is on its way when the second comes.
            bench.tell(.pushed(slot: start.slot, Self.chunk))
            _ = bench.next()
            bench.tell(.pushed(slot: start.slot, Self.chunk))
            come(&bench, start.slot, to: "43")
            bench.tell(.ran(slot: start.slot, RunResult(outcome: outcome)))
            #expect(bench.next().exchange?.settlements.isEmpty != false)
            bench.tell(.chunked(slot: start.slot, start.reservation.id, .pushed))
            var settlement = bench.next().exchange?.settlements.first
            if outcome == .suspended {
                #expect(settlement == nil, "the second is still to be pushed")
                bench.tell(.chunked(slot: start.slot, start.reservation.id, .pushed))
                settlement = bench.next().exchange?.settlements.first
            }
            #expect(cursor(settlement?.iteration) == (outcome == .suspended ? "43" : "42"))
        }
    }

    @Test("children that leave the checkpoint alone leave it as it was")
    func checkpointStays() throws {
        let job = try Job(decoding: StateBench.payload("a")).afterChunk(Array("7".utf8), limits: PayloadLimits())
        let after = try job.afterChunk(nil, limits: PayloadLimits())
        #expect(after.checkpoint.map(Array.init) == Array("7".utf8) && after.chunkCount == 2)
    }
}
