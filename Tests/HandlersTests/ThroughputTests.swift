import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("Many jobs")
struct ThroughputTests {
    /// The C handler of Tests/EvilHandlers, built for this test.
    private func fastHandler(in directory: String, threads: Int) throws -> HandlerSettings {
        let program = directory + "/fast"
        let compiler = try ProcessSpec(
            executable: "/usr/bin/cc", arguments: ["cc", "-O1", "-o", program, evil("fast.c")],
            environment: ["PATH=/usr/bin:/bin"]
        ).spawn()
        let report = compiler.wait(until: MonotonicTime.now().advanced(bySeconds: 60))
        try #require(report?.status == .exited(0))
        return HandlerSettings(
            name: "fast", command: ["fast"], executable: program, classes: [ClassPattern("*")], mode: .serve,
            threads: threads, timeout: 60, directory: "/")
    }

    private func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test("100,000 jobs of a fast handler are all done, each once", arguments: [(4, 1), (20, 10)])
    func many(slots: Int, threads: Int) throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(fastHandler(in: directory.path, threads: threads), slots: slots)
        let decoded = try Job(decoding: Array(job(#""x",{"user":"someone","tags":[1,2,3]}"#).utf8))
        let queue = try #require(QueueName("default"))
        let total = 100_000
        var next = slots
        var done = 0
        rig.keepsReports = false
        rig.onReport { report in
            #expect(report.outcome == .succeeded)
            done += 1
            next += 1
            if next <= total {
                rig.dispatcher.start(Run(slot: report.slot, number: next, job: decoded, queue: queue))
            }
        }
        let before = threadSeconds()
        for slot in 0..<slots { rig.dispatcher.start(Run(slot: slot, number: slot + 1, job: decoded, queue: queue)) }
        #expect(rig.turn(within: 120) { done == total })
        let microseconds = (threadSeconds() - before) / Double(total) * 1e6
        rig.onReport { _ in }
        // Ten times what it takes here when optimised, so that only a change of kind is noticed.
        #expect(microseconds < 60, "\(microseconds) us of CPU for each job")
        print("\(slots) slots, \(threads) threads: \(microseconds) us of CPU for each job")
        #expect(rig.dispatcher.slots.isEmpty)
    }

    @Test("1,000 slots are served by 1,000 processes at once")
    func thousand() throws {
        _ = OpenFiles.raise()
        let directory = TemporaryDirectory()
        let rig = try Rig(fastHandler(in: directory.path, threads: 1), slots: 1000)
        for slot in 0..<1000 { try rig.start(job(""), slot: slot) }
        #expect(rig.turn(within: 60) { rig.reports.count == 1000 })
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
        #expect(rig.stop(grace: 1) < 40, "with a scan of /proc for each it would take minutes on a busy machine")
    }

    @Test("300 handlers that ignore SIGTERM, each with a child in a session of its own, are gone soon after the grace")
    func stubborn() throws {
        let script = "trap '' TERM; echo '{\"ready\":true}' >&4; read -r line <&3; setsid sleep 3600 & wait"
        let rig = try Rig(serveShell(script), slots: 300)
        for slot in 0..<300 { try rig.start(job(""), slot: slot) }
        #expect(rig.turn(within: 60) { rig.dispatcher.poolDescriptions.first?.busy == 300 })
        let pids = Set(rig.dispatcher.slots.compactMap(\.pid))
        let children = ProcessTree.all().filter { pids.contains($0.parent) }.map(\.pid)
        #expect(rig.stop(grace: 0.3) < 40)
        #expect(!pids.contains(where: isAlive))
        #expect(rig.turn(within: 20) { !children.contains(where: isAlive) })
    }
}
