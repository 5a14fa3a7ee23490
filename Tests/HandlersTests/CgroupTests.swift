import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("What a want of memory makes of a job")
struct ShortageTests {
    private static let limit = MemoryShortage(limitBytes: 64 << 20, peakBytes: 64 << 20)

    private static func killed(_ shortage: MemoryShortage?) -> ExitReport {
        ExitReport(
            status: .signaled(.kill, coreDumped: false), cpuSeconds: 0, maximumResidentKB: 34 << 10, shortage: shortage)
    }

    @Test("spawn: the class says it, the message the limit and the last words, and it counts as a death")
    func spawn() {
        guard
            case .died(let failure, let how) = ExitMeaning.outcome(
                of: Self.killed(Self.limit), verdict: nil, lastLines: "loading it all")
        else { return #expect(Bool(false), "not a death") }
        #expect(failure.errorClass == "OutOfMemory")
        #expect(
            failure.message
                == "killed by the kernel for want of memory at its limit of 64 MB, peak memory 64 MB\nloading it all")
        #expect(how == "handler killed by SIGKILL (out of memory), peak memory 64 MB")
    }

    @Test("without a limit of its own, it was another's, and nothing is said of one")
    func unlimited() {
        let shortage = MemoryShortage(limitBytes: nil, peakBytes: nil)
        guard
            case .died(let failure, let how) = ExitMeaning.outcome(
                of: Self.killed(shortage), verdict: .succeeded, lastLines: "")
        else { return #expect(Bool(false), "not a death") }
        #expect(failure.message == "killed by the kernel for want of memory")
        #expect(how == "handler killed by SIGKILL (out of memory), peak memory 34 MB")
    }

    @Test("serve: all its runs fail with it, unless we were ending it anyway")
    func serve() {
        let died = ServeProcessState.Cause.itself.outcome(Self.killed(Self.limit), lastLines: "")
        #expect(died.failure?.errorClass == "OutOfMemory")
        guard case .died = died else { return #expect(Bool(false), "not a death") }
        let stopped = ServeProcessState.Cause.stop.outcome(Self.killed(Self.limit), lastLines: "")
        #expect(stopped.failure?.errorClass == "HandlerDied")
    }

    @Test("a cgroup that owes more than an eighth of its room is not used again")
    func charge() {
        #expect(HandlerGroup.isLittle(8 << 20, of: 64 << 20))
        #expect(!HandlerGroup.isLittle(8 << 20 + 4096, of: 64 << 20))
    }
}

@Suite(
    "Handlers with cgroups of their own",
    .enabled(if: DelegatedCgroup.isPossible, "needs root and a hierarchy of version 2: make test-vm"), .serialized)
struct CgroupTests {
    init() throws { try ProcessTree.becomeSubreaper() }

    /// Leaves a process behind that nothing connects with its handler: another session, other parents, no pipe of ours, and an
    /// environment that says nothing.
    private static func escape(to file: String) -> String {
        "setsid env -i /bin/sh -c '(echo $$ > \(file); exec /bin/sleep 1000) >/dev/null 2>&1 4>&- & ' ; "
            + "while [ ! -s \(file) ]; do sleep 0.01; done"
    }

    private func pid(in file: String) throws -> Int32 {
        let text = String(decoding: try FileDescriptor.open(file, O_RDONLY).readAll(), as: UTF8.self)
        return try #require(Int32(text.split(separator: "\n").first ?? ""))
    }

    @Test(
        "a process that hid its descent is killed with its job, at its end and at its timeout",
        arguments: [false, true])
    func hidden(timesOut: Bool) throws {
        let delegated = try DelegatedCgroup()
        let directory = TemporaryDirectory()
        let file = directory.path + "/pid"
        let script = Self.escape(to: file) + (timesOut ? "; exec sleep 1000" : "")
        let rig = try Rig(
            [shell(script, timeout: timesOut ? 1 : nil, grace: 0.1)], slots: 1, adoptsOrphans: true,
            controlGroup: delegated.group)
        let report = try rig.run(job(""))
        #expect(report.outcome.failure?.errorClass == (timesOut ? "Timeout" : nil))
        let pid = try pid(in: file)
        #expect(rig.turn(within: 5) { ProcessEntry(pid: pid) == nil }, "gone, and its zombie reaped")
    }

    @Test("cgroups are used again, one for each process that runs, and removed at the stop")
    func reuse() throws {
        let delegated = try DelegatedCgroup()
        let rig = try Rig([shell("grep -q /shell-1$ /proc/self/cgroup")], slots: 1, controlGroup: delegated.group)
        for _ in 0..<20 { #expect(try rig.run(job("")).outcome == .succeeded) }
        #expect(delegated.group.childNames == ["shell-1"])
        _ = rig.stop(grace: 0)
        #expect(delegated.group.childNames == [])
    }

    @Test("a serve process has one as long as it lives")
    func serveProcess() throws {
        let delegated = try DelegatedCgroup()
        let rig = try Rig([serve()], slots: 1, controlGroup: delegated.group)
        for _ in 0..<3 { #expect(try rig.run(job(#""done""#)).outcome == .succeeded) }
        let group = try ControlGroup(path: delegated.group.path + "/python-1")
        #expect(group.processes.count == 1)
        _ = rig.stop(grace: 0)
        #expect(delegated.group.childNames == [])
    }

    @Test("a limit that cannot be set keeps its handler from starting, and no other")
    func limits() throws {
        let delegated = try DelegatedCgroup()
        // Gone, as if somebody had removed it under us.
        let gone = try delegated.group.child("gone")
        #expect(gone.remove())
        var limited = shell("true", classes: ["Limited"])
        limited.name = "limited"
        limited.limits.tasks = 4
        let rig = try Rig([limited, shell("true")], slots: 1, controlGroup: gone)
        let report = try rig.run(#"{"class":"Limited","args":[],"jid":"0123456789abcdef01234567"}"#)
        #expect(report.outcome.failure?.errorClass == "StartFailed")
        #expect(try rig.run(job("")).outcome == .succeeded)
    }
}
