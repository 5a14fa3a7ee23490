import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("What a handler leaves behind is found and killed", .serialized)
struct EscapeeTests {
    init() throws { try ProcessTree.becomeSubreaper() }

    private func escapee(_ file: String, stay: Bool, mode: HandlerSettings.Mode, timeout: Double?) -> HandlerSettings {
        HandlerSettings(
            name: "escapee", command: ["python3", evil("escapee.py"), file] + (stay ? ["stay"] : []),
            executable: "/usr/bin/python3", classes: [ClassPattern("*")], mode: mode, timeout: timeout, grace: 0.3,
            directory: "/")
    }

    /// Runs the job, and looks whether the process that left its session and its parents is gone, zombie and all.
    private func expectGone(
        stay: Bool, mode: HandlerSettings.Mode, timeout: Double?, _ errorClass: String?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let directory = TemporaryDirectory()
        let file = directory.path + "/pid"
        let rig = try Rig(escapee(file, stay: stay, mode: mode, timeout: timeout), slots: 1)
        let report = try rig.run(job("", jid: "e5ca9ee\(stay)\(mode)"))
        #expect(report.outcome.failure?.errorClass == errorClass, sourceLocation: sourceLocation)
        let text = String(decoding: try FileDescriptor.open(file, O_RDONLY).readAll(), as: UTF8.self)
        let pid = try #require(Int32(text), sourceLocation: sourceLocation)
        #expect(rig.turn(within: 5) { ProcessEntry(pid: pid) == nil }, sourceLocation: sourceLocation)
    }

    @Test("in mode spawn, after an exit that looks well")
    func exits() throws { try expectGone(stay: false, mode: .spawn, timeout: nil, nil) }

    @Test("in mode spawn, at the timeout")
    func spawnTimeout() throws { try expectGone(stay: true, mode: .spawn, timeout: 1.5, "Timeout") }

    @Test("in mode serve, at the timeout")
    func serveTimeout() throws { try expectGone(stay: true, mode: .serve, timeout: 1.5, "Timeout") }

    @Test("children nobody waits for are reaped, and those of handlers are left to their owners")
    func strangers() throws {
        // The handler goes on while two processes it left behind end: they become our zombies.
        let script = "(setsid sh -c 'sleep 0.2' & ) ; (setsid sh -c 'sleep 0.2; exit 1' & ); sleep 4"
        let rig = try Rig([shell(script)], slots: 1, adoptsOrphans: true)
        try rig.start(job(""))
        var wasZombie = false
        let isClean = {
            let zombies = ProcessFile.childrenOfMainThread().filter { ProcessEntry(pid: $0)?.isZombie == true }
            if !zombies.isEmpty { wasZombie = true }
            return wasZombie && zombies.isEmpty
        }
        #expect(rig.turn(within: 10, until: isClean))
        #expect(try rig.reports.first?.outcome ?? rig.nextReport().outcome == .succeeded)
    }

    @Test("a handler that is being started is told from what another one left behind")
    func starting() throws {
        // Between fork and exec a child has our program, and copies of all our pipes.
        let unborn = fork()
        if unborn == 0 {
            while true { pause() }
        }
        try #require(unborn > 0)
        defer {
            kill(unborn, SIGKILL)
            waitpid(unborn, nil, 0)
        }
        let handler = try ProcessSpec(executable: "/bin/sleep", arguments: ["sleep", "60"]).spawn()
        defer {
            handler.signal(.kill)
            _ = handler.wait(until: .never)
        }
        #expect(ProcessFile.runsOurProgram(unborn))
        #expect(!ProcessFile.runsOurProgram(handler.pid))
    }
}
