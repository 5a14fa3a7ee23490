import JobModel
import Platform
import Queueing
import Redis
import Testing

@testable import Worker

@Suite("A run that streams its children")
struct StreamTests {
    private typealias Sent = (slot: Int, chunk: Chunk)

    private static let failure = Failure(errorClass: "E", message: "m", backtrace: [])

    private static func chunk(_ number: Int) -> StreamedChunk {
        let child = JobDraft.Prepared(
            payload: Array("child \(number)".utf8), queue: StateBench.queue, at: nil, jid: "\(number)")
        return StreamedChunk(children: [child], checkpoint: Array("\(number)".utf8))
    }

    private static func running(_ jids: [String] = ["a"]) throws -> (StateBench, [StateBench.Actions.Start]) {
        var bench = StateBench.connected(slots: jids.count)
        let starts = try bench.fetched(jids)
        return (bench, starts)
    }

    @Test("chunks are sent one after the other, each with the payload that the one before has left")
    func order() throws {
        var (bench, starts) = try Self.running()
        let (slot, id) = (starts[0].slot, starts[0].reservation.id)
        bench.tell(.pushed(slot: slot, Self.chunk(1)), .pushed(slot: slot, Self.chunk(2)))
        let first = try #require(bench.next().chunks.first)
        #expect(first.chunk.before == starts[0].job.payload)
        #expect(bench.next().chunks.isEmpty, "one at a time")
        bench.tell(.chunked(slot: slot, id, .pushed))
        let second = try #require(bench.next().chunks.first)
        #expect(second.chunk.before == first.chunk.after)
        #expect(try Job(decoding: second.chunk.after, depthLimit: 10).chunkCount == 2)
        #expect(try Job(decoding: second.chunk.after, depthLimit: 10).checkpoint.map(Array.init) == Array("2".utf8))
    }

    @Test("equal checkpoints do not make equal payloads")
    func equalCheckpoints() throws {
        let job = try Job(decoding: StateBench.payload("a"), depthLimit: 10)
        let once = try job.afterChunk(Array("1".utf8), limits: PayloadLimits())
        let twice = try once.afterChunk(Array("1".utf8), limits: PayloadLimits())
        #expect(once.payload != twice.payload)
    }

    @Test("done is settled when all chunks are pushed")
    func done() throws {
        var (bench, starts) = try Self.running()
        let (slot, id) = (starts[0].slot, starts[0].reservation.id)
        bench.tell(
            .pushed(slot: slot, Self.chunk(1)), .pushed(slot: slot, Self.chunk(2)),
            .ran(slot: slot, RunResult(outcome: .succeeded)))
        #expect(bench.next().exchange?.settlements.isEmpty != false)
        bench.tell(.chunked(slot: slot, id, .pushed))
        #expect(bench.next().exchange?.settlements.isEmpty != false)
        #expect(bench.state.busy == 1)
        bench.tell(.chunked(slot: slot, id, .pushed))
        #expect(bench.next().exchange?.settlements.map(\.verdict) == [.ack])
        #expect(bench.state.busy == 0)
    }

    @Test("a retry waits for the chunk that is on its way, and keeps its checkpoint; the others are dropped")
    func retry() throws {
        var (bench, starts) = try Self.running()
        let (slot, id) = (starts[0].slot, starts[0].reservation.id)
        bench.tell(.pushed(slot: slot, Self.chunk(1)), .pushed(slot: slot, Self.chunk(2)))
        #expect(bench.next().chunks.count == 1)
        bench.tell(.ran(slot: slot, RunResult(outcome: .failed(Self.failure))))
        #expect(bench.next().exchange?.settlements.isEmpty != false)
        bench.tell(.chunked(slot: slot, id, .pushed))
        let actions = bench.next()
        #expect(actions.chunks.isEmpty)
        guard case .retry(_, let payload) = actions.exchange?.settlements.first?.verdict else {
            Issue.record("not a retry: \(String(describing: actions.exchange?.settlements))")
            return
        }
        let job = try Job(decoding: payload, depthLimit: 10)
        #expect(job.checkpoint.map(Array.init) == Array("1".utf8))
        #expect(job.retryCount == 0)
    }

    @Test("a chunk whose answer is lost is sent again, the same, once ids were compared; only then the failure counts")
    func lostAnswer() throws {
        var (bench, starts) = try Self.running()
        let (slot, id) = (starts[0].slot, starts[0].reservation.id)
        bench.tell(.pushed(slot: slot, Self.chunk(1)))
        let first = try #require(bench.next().chunks.first)
        bench.tell(.linkDown, .ran(slot: slot, RunResult(outcome: .failed(Self.failure))))
        #expect(bench.next().chunks.isEmpty)
        bench.tell(.leaseRenewed(until: bench.boot(20)), .linkUp)
        #expect(bench.next().chunks.isEmpty)
        bench.tell(.compared([id]))
        let actions = bench.next()
        let again = try #require(actions.chunks.first)
        #expect(again.chunk.before == first.chunk.before && again.chunk.after == first.chunk.after)
        #expect(actions.exchange?.settlements.isEmpty != false)
        bench.tell(.chunked(slot: slot, id, .pushed))
        #expect(bench.next().exchange?.settlements.count == 1)
    }

    @Test("what is interrupted goes back at once, with whatever payload Redis has")
    func interrupted() throws {
        var (bench, starts) = try Self.running()
        let slot = starts[0].slot
        bench.tell(.pushed(slot: slot, Self.chunk(1)))
        _ = bench.next()
        bench.tell(.ran(slot: slot, RunResult(outcome: .interrupted)))
        #expect(bench.next().exchange?.settlements.map(\.verdict) == [.requeue])
    }

    @Test("a run whose job was given to others is ended, and whatever it says then is not believed")
    func gone() throws {
        var (bench, starts) = try Self.running()
        let (slot, id) = (starts[0].slot, starts[0].reservation.id)
        bench.tell(.pushed(slot: slot, Self.chunk(1)))
        _ = bench.next()
        bench.tell(.chunked(slot: slot, id, .gone))
        #expect(bench.next().interrupts == [slot])
        bench.tell(.pushed(slot: slot, Self.chunk(2)), .ran(slot: slot, RunResult(outcome: .succeeded)))
        let actions = bench.next()
        #expect(actions.chunks.isEmpty)
        #expect(actions.exchange?.settlements.map(\.verdict) == [.requeue])
    }

    @Test("a process that has written four chunks more than Redis has is not read until there are fewer")
    func held() throws {
        var (bench, starts) = try Self.running()
        let (slot, id) = (starts[0].slot, starts[0].reservation.id)
        for number in 1...4 { bench.tell(.pushed(slot: slot, Self.chunk(number))) }
        #expect(bench.next().holds == [true])
        bench.tell(.chunked(slot: slot, id, .pushed))
        #expect(bench.next().holds == [false])
    }

    @Test("children wait while their queue is deep, for 0.1 s doubling to 10 s")
    func deep() throws {
        var (bench, starts) = try Self.running(["a", "b"])
        let (slot, id) = (starts[0].slot, starts[0].reservation.id)
        bench.tell(.pushed(slot: slot, Self.chunk(1)))
        _ = bench.next()
        var waits: [Double] = []
        for _ in 1...9 {
            bench.tell(.chunked(slot: slot, id, .deep(StateBench.queue, jobs: 100_000)))
            #expect(bench.next().chunks.isEmpty)
            let since = bench.seconds
            var isSent = false
            while !isSent {
                bench.tell(.leaseRenewed(until: bench.boot(20)))
                let wakeUp = try #require(bench.state.wakeUp(after: bench.now.boot))
                bench.advance(wakeUp.seconds(since: bench.now.boot))
                isSent = !bench.next().chunks.isEmpty
            }
            waits.append(((bench.seconds - since) * 10).rounded() / 10)
        }
        #expect(waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10])
    }

    @Test("at the deadline of a stop a run that is done and waits for room goes back")
    func stop() throws {
        var (bench, starts) = try Self.running()
        let (slot, id) = (starts[0].slot, starts[0].reservation.id)
        bench.tell(.pushed(slot: slot, Self.chunk(1)), .ran(slot: slot, RunResult(outcome: .succeeded)))
        _ = bench.next()
        bench.tell(
            .chunked(slot: slot, id, .deep(StateBench.queue, jobs: 9)), .stop(deadline: bench.boot(0.01)))
        _ = bench.next()
        bench.advance(0.02)
        #expect(bench.next().exchange?.settlements.map(\.verdict) == [.requeue])
    }
}

extension StateBench.Actions {
    fileprivate var chunks: [(slot: Int, chunk: Chunk)] {
        all.compactMap { if case .stream(let slot, let chunk) = $0 { (slot, chunk) } else { nil } }
    }

    fileprivate var holds: [Bool] {
        all.compactMap { if case .hold(_, let isHeld) = $0 { isHeld } else { nil } }
    }
}
