import JobModel
import Platform
import Queueing
import Redis
import Testing

@testable import Worker

@Suite("Streams that are stuck")
struct StuckStreamTests {
    private static let deep = Chunk.Answer.deep(StateBench.queue, jobs: 9)
    private static let full = Chunk.Answer.blocked(RedisRefusal(code: "OOM", message: "OOM"))

    private static func chunk(bytes: Int = 10, sharesProcess: Bool = false) -> StreamedChunk {
        let child = JobDraft.Prepared(
            payload: Array(repeating: 32, count: bytes), queue: StateBench.queue, at: nil, jid: "child")
        return StreamedChunk(children: [child], checkpoint: Array("1".utf8), sharesProcess: sharesProcess)
    }

    /// A worker whose jobs run, and how the chunks of some of them are answered.
    private struct Scene {
        var bench: StateBench
        var starts: [StateBench.Actions.Start]
        var answers: [Int: Chunk.Answer] = [:]
        var interrupts: [(slot: Int, seconds: Double)] = []

        init(slots: Int, jobs: Int? = nil) throws {
            bench = StateBench.connected(slots: slots)
            starts = try bench.fetched((0..<(jobs ?? slots)).map { "job \($0)" })
        }

        mutating func push(_ start: Int, count: Int = 1, sharesProcess: Bool = false) {
            for _ in 0..<count {
                bench.tell(.pushed(slot: starts[start].slot, StuckStreamTests.chunk(sharesProcess: sharesProcess)))
            }
        }

        /// Lets time pass, a tenth of a second at a time, and answers each chunk; notes when runs are ended, and ends them.
        mutating func pass(_ seconds: Double) {
            let begin = bench.seconds
            while bench.seconds - begin < seconds {
                bench.tell(.leaseRenewed(until: bench.boot(20)))
                let actions = bench.next()
                for case .stream(let slot, let chunk) in actions.all {
                    if let answer = answers[slot] { bench.tell(.chunked(slot: slot, chunk.id, answer)) }
                }
                for slot in actions.interrupts {
                    interrupts.append((slot, bench.seconds - begin))
                    bench.tell(.ran(slot: slot, RunResult(outcome: .interrupted)))
                }
                bench.advance(0.1)
            }
        }
    }

    @Test(
        "if every slot waits, whatever for, one run goes away so that its slot does what was pushed",
        arguments: [StuckStreamTests.deep, StuckStreamTests.full])
    func yields(answer: Chunk.Answer) throws {
        var scene = try Scene(slots: 2)
        for start in scene.starts { scene.answers[start.slot] = answer }
        scene.push(1)
        scene.pass(1)
        scene.push(0)
        scene.pass(1.3)
        #expect(scene.interrupts.isEmpty, "the other one has not waited long")
        scene.pass(1)
        #expect(scene.interrupts.map(\.slot) == [scene.starts[1].slot], "who has waited longest")
        let settlements = scene.bench.state.inFlight?.settlements
        #expect(settlements?.map(\.verdict) == [.snooze(afterSeconds: WorkerState.yieldSeconds)])
        #expect(settlements?.map(\.counts) == [.nothing])
        #expect(scene.bench.state.inFlight.map { $0.fetch > 0 } == true)
    }

    @Test("a held process keeps its other runs in their slots, so its stream goes away although they are not stuck")
    func heldNeighbours() throws {
        var scene = try Scene(slots: 3)
        scene.answers[scene.starts[1].slot] = Self.deep
        scene.push(1, count: 4, sharesProcess: true)
        scene.pass(9.5)
        #expect(scene.interrupts.isEmpty)
        scene.pass(1)
        #expect(scene.interrupts.map(\.slot) == [scene.starts[1].slot])
    }

    @Test("idle slots that may not be used are no room", arguments: [true, false])
    func limited(isLimited: Bool) throws {
        var scene = try Scene(slots: 3, jobs: 2)
        if isLimited { scene.bench.tell(.limited(2)) }
        scene.answers[scene.starts[0].slot] = Self.deep
        scene.push(0, count: 4)
        scene.pass(30)
        #expect(scene.interrupts.count == (isLimited ? 1 : 0))
    }

    @Test("under back-pressure nobody goes away: nothing would be started instead")
    func backPressure() throws {
        var scene = try Scene(slots: 1)
        scene.answers[scene.starts[0].slot] = Self.deep
        scene.push(0, count: 4)
        scene.bench.tell(.held("memory"))
        scene.pass(20)
        #expect(scene.interrupts.isEmpty)
        scene.bench.tell(.held(nil))
        scene.pass(0.2)
        #expect(scene.interrupts.count == 1)
    }

    @Test("a stop ends who is stuck and alone in its process early, and does not end others with one that is not")
    func stop() throws {
        for (sharesProcess, count) in [(false, 1), (true, 0)] {
            var scene = try Scene(slots: 2)
            scene.answers[scene.starts[0].slot] = Self.deep
            scene.push(0, count: 4, sharesProcess: sharesProcess)
            scene.bench.tell(.stop(deadline: scene.bench.boot(20)))
            scene.pass(15)
            #expect(scene.interrupts.count == count)
            scene.pass(6)
            #expect(scene.interrupts.count == 2, "at the deadline")
        }
    }

    @Test("a worker that is replaced ends although Redis takes nothing, and neighbours of the run may have answered")
    func replaced() throws {
        for isNeighbourThere in [false, true] {
            var scene = try Scene(slots: 2, jobs: isNeighbourThere ? 2 : 1)
            scene.answers[scene.starts[0].slot] = Self.full
            scene.push(0, count: 4, sharesProcess: true)
            scene.bench.tell(.stop(deadline: .never))
            scene.pass(9)
            #expect(scene.interrupts.count == (isNeighbourThere ? 0 : 1))
            scene.pass(2)
            #expect(scene.interrupts.map(\.slot) == [scene.starts[0].slot])
        }
    }

    @Test("when all streams of a worker hold 32 MiB, one chunk of a run is enough")
    func crowded() throws {
        var scene = try Scene(slots: 11)
        for start in scene.starts.dropLast() {
            scene.bench.tell(.pushed(slot: start.slot, Self.chunk(bytes: 3 << 20)))
        }
        #expect(scene.bench.next().holds.isEmpty)
        scene.bench.tell(.pushed(slot: scene.starts[10].slot, Self.chunk(bytes: 3 << 20)))
        #expect(scene.bench.next().holds == Array(repeating: true, count: 11))
        let start = scene.starts[0]
        scene.bench.tell(.chunked(slot: start.slot, start.reservation.id, .pushed))
        #expect(scene.bench.next().holds == Array(repeating: false, count: 11))
    }
}

extension StateBench.Actions {
    fileprivate var holds: [Bool] {
        all.compactMap { if case .hold(_, let isHeld) = $0 { isHeld } else { nil } }
    }
}
