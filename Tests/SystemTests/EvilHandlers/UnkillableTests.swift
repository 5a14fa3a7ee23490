import Foundation
import Platform
import TestSupport
import Testing

@Suite(
    "A handler that the kernel holds", .enabled(if: HungFiles.isAvailable, "\(HungFiles.reason)"))
struct UnkillableTests {
    private func configuration(_ files: HungFiles, mode: String, timeout: String = "1s") -> String {
        """
        concurrency: 2
        timeout: 1
        handlers:
          held:
            command: [\(EvilProgram.path("hangs-in-kernel.sh")), \(files.path)/x]
            classes: [Held]
            mode: \(mode)
            timeout: \(timeout)
            grace: 100ms
          good: { command: [./ledger.sh], classes: [Good] }
        """
    }

    @Test(
        "its slot is written off, which the log and the status say, and comes back when the kernel lets it go",
        arguments: ["spawn", "serve"])
    func writtenOff(mode: String) throws {
        let files = try #require(HungFiles())
        try Scene.run(configuration(files, mode: mode)) { scene in
            defer { files.release() }
            try scene.jobs.push(Jobs.payload("Held", "held"))
            try eventually(within: 60, "its job waits for retry") { try scene.jobs.object("held", in: "retry") != nil }
            let object = try scene.jobs.object("held", in: "retry") ?? [:]
            #expect(object["error_class"] as? String == "Timeout")
            #expect(try scene.jobs.reserved() == 0)
            eventually("the log says which process") {
                scene.daemon.lines(of: "log").contains {
                    $0.contains("does not end: the kernel holds it; its slot is written off")
                        && $0.contains("handler_pid=")
                }
            }
            eventually(within: 20, "the status says how many") {
                scene.daemon.martlet(["status"]).output.contains("2 (1 written off)")
                    && scene.daemon.martlet(["status", "--json"]).output.contains(#""written_off" : 1"#)
            }
            for number in 0..<10 { try scene.jobs.push(Jobs.payload("Good", "good\(number)")) }
            eventually(within: 30, "the other slot works on") { scene.done.count == 10 }
            files.release()
            eventually(within: 20, "the slot is back") {
                scene.daemon.log.contains("has ended after") && scene.daemon.log.contains("back in service")
            }
            eventually(within: 30, "the status says so") {
                let status = scene.daemon.martlet(["status"]).output
                return status.contains("running") && !status.contains("written off")
            }
            try scene.finish(leaving: ["retry"])
        }
    }

    @Test("a stop ends in time beside it, and its job is in its queue again", arguments: ["spawn", "serve"])
    func stop(mode: String) throws {
        let files = try #require(HungFiles())
        try Scene.run(configuration(files, mode: mode, timeout: "1h")) { scene in
            defer { files.release() }
            try scene.jobs.push(Jobs.payload("Held", "held"))
            try eventually(within: 30, "it hangs") { try scene.jobs.reserved() == 1 && held(files, scene) == 1 }
            let start = MonotonicTime.now()
            #expect(scene.daemon.stop() == .exited(0))
            // Time-out 1 s, 1.9 s for everything of ours, 1 s for what the kernel holds; the rest is for a busy machine.
            #expect(MonotonicTime.now().seconds(since: start) < 7)
            #expect(try scene.jobs.queue().count == 1)
            #expect(try scene.jobs.reserved() == 0)
            files.release()
            eventually(within: 10, "the kernel has let it go") { scene.daemon.survivors.isEmpty }
            try scene.expectNothing(left: ["queue:default"])
        }
    }

    @Test("the jobs of a killed worker are rescued beside it, and the supervisor does not look for it all the time")
    func rescue() throws {
        let files = try #require(HungFiles())
        try Scene.run(configuration(files, mode: "spawn", timeout: "1h")) { scene in
            defer { files.release() }
            try scene.jobs.push(Jobs.payload("Held", "held"))
            try eventually(within: 30, "it hangs") { try scene.jobs.reserved() == 1 && held(files, scene) == 1 }
            let worker = try #require(scene.daemon.workers.first)
            kill(worker, SIGKILL)
            eventually(within: 30, "another worker has taken the job") { held(files, scene) == 2 }
            let before = Self.processorTicks(of: scene.daemon.pid)
            sleep(3)
            // A scan of /proc every 10 ms would take a tenth of the time and more.
            #expect(Self.processorTicks(of: scene.daemon.pid) - before < 20, "ticks of 10 ms in 3 s")
            files.release()
            try scene.jobs.push(Jobs.payload("Good", "good"))
            eventually(within: 30, "all goes on") { scene.done == ["good"] }
            scene.daemon.stop()
        }
    }

    private func held(_ files: HungFiles, _ scene: Scene) -> Int { scene.daemon.tree.count { files.holds($0.pid) } }

    /// User and system time: fields 14 and 15 of /proc/PID/stat.
    private static func processorTicks(of pid: Int32) -> Int {
        let fields = Program.text(of: "/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12 else { return 0 }
        return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
    }
}
