import Configuration
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite(
    "A handler that the kernel holds, so that SIGKILL does not end it",
    .serialized, .enabled(if: HungFiles.isAvailable, "\(HungFiles.reason)"))
struct UnkillableTests {

    private func handler(_ files: HungFiles, _ mode: HandlerSettings.Mode, threads: Int = 1) -> HandlerSettings {
        HandlerSettings(
            name: "held", command: ["hangs", files.path + "/x"],
            executable: EvilProgram.path("hangs-in-kernel.sh"), classes: [ClassPattern("Test")], mode: mode,
            threads: threads, timeout: 1, grace: 0.1, directory: "/")
    }

    @Test(
        "its job fails, its slot is out of service until it ends, and the others go on",
        arguments: [HandlerSettings.Mode.spawn, .serve])
    func writtenOff(mode: HandlerSettings.Mode) throws {
        let files = try #require(HungFiles())
        let rig = try Rig([handler(files, mode), shell("", classes: ["Good"])], slots: 2)
        let report = try rig.run(job("", jid: "held"))
        #expect(report.outcome.failure?.errorClass == "Timeout")
        #expect(rig.changes == [.writtenOff(0)])
        let seconds = 1 + 0.1 + HandlerProcess.secondsToDie
        #expect((seconds..<seconds + 2).contains(report.durationSeconds), "\(report.durationSeconds)")
        let pid = try #require(report.pid)
        #expect(isAlive(pid))
        let lost = try #require(rig.dispatcher.writtenOffSlots.first)
        #expect(lost.slot == 0 && lost.pid == pid && lost.jid == "held" && lost.handler == "held")
        #expect(rig.dispatcher.slots.isEmpty)
        #expect(rig.dispatcher.poolDescriptions.first?.stuck == (mode == .serve ? 1 : nil))
        for _ in 0..<5 { #expect(try rig.run(#"{"class":"Good"}"#, slot: 1).outcome == .succeeded) }

        files.release()
        #expect(rig.turn { rig.changes == [.writtenOff(0), .returned(0)] }, "the slot comes back")
        #expect(!isAlive(pid))
        #expect(rig.dispatcher.writtenOffSlots.isEmpty)
        #expect(try rig.run(#"{"class":"Good"}"#, slot: 0).outcome == .succeeded)
    }

    @Test("a stop does not wait for it, neither in its time limit nor after", arguments: [true, false])
    func stop(isSpawn: Bool) throws {
        let files = try #require(HungFiles())
        let rig = try Rig(handler(files, isSpawn ? .spawn : .serve), slots: 1)
        try rig.start(job(""))
        #expect(rig.turn { rig.dispatcher.slots.first?.pid.map(files.holds) ?? false })
        #expect(rig.stop(grace: 0.2) < 1.5)
        #expect(rig.reports.count == 1)
        // Whether the stop or the time limit came first, the run is over.
        #expect(rig.changes == [.writtenOff(0)])
    }

    @Test("processes that the kernel holds before they are ready are as many as there may be, and no more")
    func stuckAtStart() throws {
        let files = try #require(HungFiles())
        // Time enough to get there.
        var settings = serveShell(": < \(files.path)/x", startTimeout: 2, grace: 0.1)
        settings.classes = [ClassPattern("Held")]
        let rig = try Rig([settings, shell("", classes: ["Good"])], slots: 1)
        for _ in 0..<4 {
            let failure = try rig.run(#"{"class":"Held"}"#, within: 30).outcome.failure
            #expect(failure?.errorClass == "StartFailed")
        }
        #expect(rig.spawns.count == 2, "two for one slot")
        #expect(try rig.run(#"{"class":"Good"}"#).outcome == .succeeded)
        files.release()
        #expect(rig.turn { rig.dispatcher.poolDescriptions.first?.stuck == 0 })
    }

    @Test("what a handler leaves behind counts as well, though its job is done", arguments: [true, false])
    func leftover(isSpawn: Bool) throws {
        try ProcessTree.becomeSubreaper()
        let files = try #require(HungFiles())
        let script = "sh -c ': < \(files.path)/x' & until [ -s \(files.asked) ]; do sleep 0.1; done; exit 0"
        let handler = isSpawn ? shell(script) : serveShell("echo '{\"ready\":true}' >&4; read -r line <&3; \(script)")
        let rig = try Rig(handler, slots: 1)
        let outcome = try rig.run(job("")).outcome
        #expect((outcome == .succeeded) == isSpawn)
        #expect(rig.turn { rig.changes == [.writtenOff(0)] })
        files.release()
        #expect(rig.turn { rig.changes == [.writtenOff(0), .returned(0)] })
    }

    @Test("a process that holds a file of a dead file server is looked at without asking that server")
    func looking() throws {
        try ProcessTree.becomeSubreaper()
        let files = try #require(HungFiles())
        // A descriptor that only names the directory is had without asking; stat(2) of it would ask.
        let script = """
            import os, time
            os.open("\(files.path)", os.O_PATH)
            if os.fork() == 0:
                os.setsid()
                os.write(1, b"%d\\n" % os.getpid())
                time.sleep(3600)
            time.sleep(0.3)
            """
        var settings = shell("")
        settings.command = ["python3", "-c", script]
        settings.executable = "/usr/bin/python3"
        let rig = try Rig(settings, slots: 1)
        #expect(try rig.run(job("")).outcome == .succeeded)
        let pid = try #require(rig.lines.first.flatMap { Int32($0) })
        #expect(rig.turn { ProcessEntry(pid: pid) == nil })
    }
}
