import Configuration
import Insight
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("What runs that share a process are said to cost", .serialized)
struct SharedCostTests {
    private func python(threads: Int) -> HandlerSettings {
        HandlerSettings(
            name: "threads", command: ["python3", evil("threads.py")], executable: "/usr/bin/python3",
            classes: [ClassPattern("*")], mode: .serve, threads: threads, environment: ["THREADS": "\(threads)"],
            directory: "/")
    }

    /// Keeps all slots busy with such jobs, each slot a class of its own if there are several, and adds up what they cost.
    private func costs(_ handler: HandlerSettings, _ arguments: [String], runs: Int) throws -> [String: ClassCost] {
        let rig = try Rig([handler], slots: handler.threads)
        let jobs = try arguments.enumerated().map { index, arguments in
            try Job(decoding: Array(#"{"class":"C\#(index)","args":[\#(arguments)],"jid":"j"}"#.utf8))
        }
        let queue = try #require(QueueName("default"))
        var (next, done) = (handler.threads, 0)
        var costs: [String: ClassCost] = [:]
        var random = SeededRandom(seed: 7)
        var classes: [Int: String] = [:]
        rig.keepsReports = false
        rig.onReport { report in
            done += 1
            // What the first and the last have to themselves is not what this is about.
            if done > handler.threads, done <= runs - handler.threads {
                costs[classes[report.slot] ?? "", default: ClassCost()].add(
                    wallSeconds: report.durationSeconds, queueSeconds: nil, hasFailed: false, cost: report.cost)
            }
            guard next < runs else { return }
            next += 1
            let index = Int.random(in: jobs.indices, using: &random)
            classes[report.slot] = "C\(index)"
            rig.dispatcher.start(Run(slot: report.slot, number: next, job: jobs[index], queue: queue))
        }
        for slot in 0..<handler.threads {
            classes[slot] = "C0"
            rig.dispatcher.start(Run(slot: slot, number: slot + 1, job: jobs[0], queue: queue))
        }
        #expect(rig.turn(within: 60) { done == runs })
        rig.onReport { _ in }
        return costs
    }

    /// Whether the share is found of which it is known how long each run waits for something else. Tries up to eight times: on
    /// a busy machine it is this test that waits for a core, and what a run waits to be seen ended is taken for its waiting.
    private func finds(milliseconds: Double, _ attempt: () throws -> ClassCost?) throws -> Bool {
        for _ in 0..<8 {
            let cost = try #require(try attempt())
            let found = 100 * (try #require(cost.ioShare))
            let truth = 100 * milliseconds * 1000 * Double(cost.measured) / Double(cost.measuredWallMicroseconds)
            print("\(truth) % in truth, \(found) % found")
            if abs(found - truth) < 15 { return true }
        }
        return false
    }

    @Test("threads that compute and wait: the share is theirs, also when there are fewer cores", arguments: [50.0, 90])
    func threads(percent: Double) throws {
        let job = "[\"burn\",\((100 - percent) / 5)],[\"sleep\",\(percent / 5)]"
        let isFound = try finds(milliseconds: percent / 5) {
            let cost = try costs(truth(mode: .serve, threads: 6), [job], runs: 200)["C0"]
            #expect(cost?.estimated == cost?.measured)
            return cost
        }
        #expect(isFound)
    }

    @Test("waiting for the one lock of a process is no I/O")
    func lock() throws {
        let isFound = try finds(milliseconds: 10) {
            try costs(truth(mode: .serve, threads: 6), [#"["hold",10],["sleep",10]"#], runs: 200)["C0"]
        }
        #expect(isFound)
    }

    @Test("nor is waiting for the global lock of a runtime", arguments: [(10, 10), (4, 36)])
    func global(cpu: Int, pause: Int) throws {
        let isFound = try finds(milliseconds: Double(pause)) {
            try costs(python(threads: 6), ["\(cpu),\(pause)"], runs: 200)["C0"]
        }
        #expect(isFound)
    }

    @Test("classes that share a process are told apart after a while")
    func classes() throws {
        let all = try costs(truth(mode: .serve, threads: 4), [#"["burn",10]"#, #"["sleep",10]"#], runs: 800)
        let (computes, waits) = (100 * (try #require(all["C0"]?.ioShare)), 100 * (try #require(all["C1"]?.ioShare)))
        print("burn \(computes) %, sleep \(waits) %")
        #expect(waits - computes > 25, "\(computes) % and \(waits) %")
    }
}

@Suite("How many runs wait for a lock")
struct LockEstimateTests {
    private func estimate(
        _ running: Int, _ locked: Int, _ waiting: Int, runs: Int, load: Double, waiting wait: Double = 0
    ) -> Double {
        LockWaits.estimate(
            LockWaits.Census(running: running, locked: locked, waiting: waiting), idleWaiting: 1, runs: runs,
            Shares.Use(cpu: load, wait: wait))
    }

    @Test("those that neither run nor sleep elsewhere, if the process fills its core")
    func full() {
        #expect(estimate(1, 7, 3, runs: 8, load: 1) == 5)
        #expect(estimate(1, 7, 9, runs: 8, load: 1) == 0, "all the others wait for something else")
        #expect(estimate(1, 2, 1, runs: 3, load: 1) == 2)
        #expect(estimate(2, 5, 1, runs: 6, load: 0.6, waiting: 0.7) == 4, "or would fill it on a host with room")
    }

    @Test("no more than would queue at that load")
    func bound() {
        #expect(abs(estimate(0, 8, 1, runs: 8, load: 0.5) - 1) < 0.001)
        #expect(estimate(0, 8, 1, runs: 8, load: 0.05) < 0.01, "who waits at an idle process waits for something else")
    }

    @Test("none where the process fills more than a core, or has fewer threads than runs")
    func none() {
        #expect(estimate(2, 6, 1, runs: 8, load: 1.9) == 0)
        #expect(estimate(1, 4, 1, runs: 50, load: 1) == 0)
    }
}

@Suite("How the use of a process is shared out")
struct SharesTests {
    private func time(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }

    @Test("a run alone gets all of it, whatever its weight")
    func alone() {
        var shares = Shares()
        shares.read(Shares.Use(cpu: 5, wait: 1), at: time(10))
        shares.begin(weight: 0.25, at: time(10))
        shares.read(Shares.Use(cpu: 6, wait: 1.5), at: time(12))
        #expect(abs(shares.whole.cpu * 0.25 - 1) < 1e-9)
        #expect(abs(shares.whole.wait * 0.25 - 0.5) < 1e-9)
    }

    @Test("two get it in proportion to weight and time, and nothing is lost")
    func two() {
        var shares = Shares()
        shares.read(Shares.Use(), at: time(0))
        shares.begin(weight: 3, at: time(0))
        shares.read(Shares.Use(cpu: 1), at: time(1))
        let second = shares.whole
        shares.begin(weight: 1, at: time(1))
        shares.read(Shares.Use(cpu: 2), at: time(2))
        let first = shares.whole.cpu * 3
        shares.end(weight: 3, at: time(2))
        shares.read(Shares.Use(cpu: 2.5), at: time(3))
        let other = shares.whole.cpu - second.cpu
        #expect(abs(first - 1.75) < 1e-9)
        #expect(abs(other - 0.75) < 1e-9)
    }

    @Test("what is used while nothing goes on is nobody's")
    func idle() {
        var shares = Shares()
        shares.read(Shares.Use(), at: time(0))
        shares.read(Shares.Use(cpu: 7), at: time(5))
        #expect(shares.whole == Shares.Use())
    }
}
