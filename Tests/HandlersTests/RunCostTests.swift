import Configuration
import Glibc
import Insight
import TestSupport
import Testing

@testable import Handlers

/// tests/EvilHandlers/truth.c as a handler.
func truth(mode: HandlerSettings.Mode, threads: Int = 1) -> HandlerSettings {
    HandlerSettings(
        name: "truth", command: ["truth"], executable: EvilProgram.path("truth"), classes: [ClassPattern("*")],
        mode: mode, threads: threads, environment: threads > 1 ? ["THREADS": "\(threads)"] : [:], directory: "/")
}

@Suite("What a run is said to cost", .serialized)
struct RunCostTests {
    @Test(
        "the share of time in which a run waits for something else is what it is",
        arguments: [HandlerSettings.Mode.spawn, .serve], [0.0, 50, 90])
    func share(mode: HandlerSettings.Mode, percent: Double) throws {
        let rig = try Rig([truth(mode: mode)], slots: 1)
        _ = try rig.run(job(#"["sleep",1]"#))
        let burnt = (100 - percent) / 1000
        var shares: [Double] = []
        // What this test itself waits for a core, until it sees the end of a run, is added to the run's waiting: on a busy
        // machine it takes some runs until one is not disturbed.
        repeat {
            let cost = try #require(try rig.run(job("[\"burn\",\(100 - percent)],[\"sleep\",\(percent)]")).cost)
            #expect(!cost.isEstimate)
            #expect(cost.cpuSeconds >= burnt && cost.cpuSeconds < burnt + 0.04, "whatever else the machine does")
            // A busy machine adds waiting for a core, which is no part of what the run is like.
            shares.append(100 * cost.ioShare * cost.wallSeconds / (cost.wallSeconds - cost.coreWaitSeconds))
        } while abs((shares.min() ?? .infinity) - percent) >= 10 && shares.count < 200
        let least = try #require(shares.min())
        #expect(abs(least - percent) < 10, "\(shares)")
    }

    @Test("what the children of a run compute is the run's", arguments: [HandlerSettings.Mode.spawn, .serve])
    func children(mode: HandlerSettings.Mode) throws {
        let rig = try Rig([truth(mode: mode)], slots: 1)
        let cost = try #require(try rig.run(job(#"["child",200]"#)).cost)
        #expect(cost.seesChildren)
        #expect(cost.cpuSeconds >= 0.18 && cost.cpuSeconds < 0.7, "\(cost.cpuSeconds) s")
    }

    @Test("the peak and what is kept are those of the run", arguments: [HandlerSettings.Mode.spawn, .serve])
    func memory(mode: HandlerSettings.Mode) throws {
        let rig = try Rig([truth(mode: mode)], slots: 1)
        // A spawned process is told to have had at least what its parent had: vfork(2).
        var ours = rusage()
        getrusage(RUSAGE_SELF.rawValue, &ours)
        let more = mode == .spawn ? ours.ru_maxrss >> 10 : 0
        let peak = try #require(try rig.run(job(#"["take",\#(400 + more)],["sleep",10]"#)).cost?.memory)
        #expect(peak.highest >> 20 >= 400 + more && peak.highest >> 20 < 410 + more)
        #expect(peak.retained >> 20 < 2)
        let kept = try #require(try rig.run(job(#"["keep",\#(300 + more)],["sleep",10]"#)).cost?.memory)
        #expect(kept.highest >> 20 >= 300 + more && kept.highest >> 20 < 310 + more, "the peak before is forgotten")
        #expect(mode == .spawn ? kept.after == nil : kept.retained >> 20 == 300)
    }

    @Test("what a run prints is counted", arguments: [HandlerSettings.Mode.spawn, .serve])
    func output(mode: HandlerSettings.Mode) throws {
        let rig = try Rig([truth(mode: mode)], slots: 1)
        #expect(try rig.run(job(#"["print",1000]"#)).cost?.outputBytes == 1000)
        #expect(try rig.run(job(#"["print",64]"#)).cost?.outputBytes == 64)
    }

    @Test("runs that share a process get its CPU time together, and are said to be estimates")
    func shared() throws {
        let rig = try Rig([truth(mode: .serve, threads: 4)], slots: 4)
        _ = try rig.run(job(#"["sleep",1]"#))
        for slot in 0..<4 { try rig.start(job(#"["burn",50],["sleep",150]"#), slot: slot) }
        #expect(rig.turn { rig.reports.count == 5 })
        let costs = rig.reports.suffix(4).compactMap(\.cost)
        #expect(costs.count == 4)
        #expect(costs.allSatisfy { $0.isEstimate })
        let cpu = costs.reduce(0) { $0 + $1.cpuSeconds }
        #expect(cpu > 0.19 && cpu < 0.4, "\(cpu) s")
        let alone = try #require(try rig.run(job(#"["burn",50]"#)).cost)
        #expect(!alone.isEstimate)
        #expect(alone.cpuSeconds > 0.049 && alone.cpuSeconds < 0.13)
    }
}
