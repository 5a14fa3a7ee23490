import Insight
import Testing

@Suite("How many workers a host runs")
struct ProcessControlTests {
    /// Looks every 2 seconds at a host that does as it is told.
    private struct Bench {
        var control = ProcessControl(1...4)
        var seconds = 0.0
        var workers = 1
        var changes: [ProcessControl.Change] = []

        mutating func pass(seconds duration: Double, adjust: (inout ProcessControl.Sight) -> Void = { _ in }) {
            let end = seconds + duration
            while seconds < end {
                seconds += 2
                var sight = ProcessControl.Sight(seconds: seconds)
                (sight.workers, sight.slots, sight.busy) = (workers, 10 * workers, 10 * workers)
                (sight.isAtMost, sight.backlog, sight.cpu) = (true, 500, 0.4)
                adjust(&sight)
                if let change = control.look(at: sight) { changes.append(change) }
                workers = control.wanted ?? workers
            }
        }
    }

    @Test("a promise that is nearly broken starts a worker within seconds, and says why")
    func promise() {
        var bench = Bench()
        bench.pass(seconds: 8) { ($0.lateness, $0.latest) = (0.9, "the first of 500 jobs has waited for 54 s") }
        #expect(bench.changes.map(\.description) == ["processes 1 -> 2: the first of 500 jobs has waited for 54 s"])
    }

    @Test("while it is kept well, a backlog starts none")
    func kept() {
        var bench = Bench()
        bench.pass(seconds: 600) { $0.lateness = 0.5 }
        #expect(bench.changes.isEmpty)
    }

    @Test("without promises, a backlog that no worker can take more of starts one after the other, up to the most")
    func backlog() {
        var bench = Bench()
        bench.pass(seconds: 14)
        #expect(bench.changes.isEmpty, "not at once")
        bench.pass(seconds: 10)
        #expect(bench.workers == 2)
        bench.pass(seconds: 300)
        #expect(bench.workers == 4)
        #expect(bench.changes.count == 3)
    }

    @Test("workers that may still take more slots are not joined by others")
    func growing() {
        var bench = Bench()
        bench.pass(seconds: 100) { $0.isAtMost = false }
        #expect(bench.changes.isEmpty)
    }

    @Test("nothing is started that would help nobody: free slots, a full CPU, little memory, back-pressure")
    func noRoom() {
        let reasons: [(inout ProcessControl.Sight) -> Void] = [
            { $0.busy = $0.slots / 2 }, { $0.backlog = 0 }, { $0.cpu = 0.97 }, { $0.cpu = nil },
            { ($0.cpu, $0.coreWait) = (0.97, 0.4) }, { $0.isHeld = true },
            { ($0.availableMemory, $0.littleMemory, $0.workerMemory) = (0.3, 0.15, 0.2) },
        ]
        for reason in reasons {
            var bench = Bench()
            bench.pass(seconds: 100) {
                $0.lateness = 3
                reason(&$0)
            }
            #expect(bench.changes.isEmpty)
        }
    }

    @Test("a CPU that is full of what yields to jobs is no obstacle")
    func yielding() {
        var bench = Bench()
        bench.pass(seconds: 20) { ($0.lateness, $0.cpu, $0.coreWait) = (3, 1, 0.02) }
        #expect(bench.workers == 2)
    }

    @Test("after minutes in which the others would have sufficed one goes, and the next after as long again")
    func shrinks() {
        var bench = Bench()
        bench.pass(seconds: 200)
        #expect(bench.workers == 4)
        func idle(_ sight: inout ProcessControl.Sight) { (sight.busy, sight.backlog) = (2, 0) }
        bench.pass(seconds: 170, adjust: idle)
        #expect(bench.workers == 4)
        bench.pass(seconds: 40, adjust: idle)
        #expect(bench.workers == 3)
        bench.pass(seconds: 1000, adjust: idle)
        #expect(bench.workers == 1)
        #expect(bench.changes.last?.reason.hasPrefix("for 3 minutes") == true)
    }

    @Test("a busy moment begins the minutes anew, and so does a promise that is not far from broken")
    func notIdle() {
        var bench = Bench()
        bench.pass(seconds: 40)
        #expect(bench.workers == 2)
        for _ in 0..<20 {
            bench.pass(seconds: 100) { ($0.busy, $0.backlog) = (1, 0) }
            bench.pass(seconds: 2) { ($0.busy, $0.backlog) = (8, 0) }
        }
        bench.pass(seconds: 600) { ($0.busy, $0.backlog, $0.lateness) = (1, 1, 0.5) }
        #expect(bench.workers == 2)
    }

    @Test("a scheduler that was restarted goes on with the workers there are")
    func restarted() {
        var bench = Bench()
        bench.workers = 3
        bench.pass(seconds: 2)
        #expect(bench.control.wanted == 3)
    }

    @Test("nothing is decided while a worker starts or ends, or while none is known")
    func inBetween() {
        var bench = Bench()
        bench.pass(seconds: 2)
        bench.pass(seconds: 100) { ($0.workers, $0.lateness) = (2, 5) }
        bench.pass(seconds: 100) { ($0.workers, $0.lateness) = (0, 5) }
        #expect(bench.changes.isEmpty)
    }
}
