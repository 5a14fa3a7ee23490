import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("What is said of a handler that was killed")
struct KillTests {
    /// /proc/vmstat of a machine, as far as it matters.
    private final class Machine {
        let directory = TemporaryDirectory()
        var path: String { directory.path + "/vmstat" }

        init() throws { try set(7) }

        func set(_ kills: Int) throws {
            let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
            let bytes = Array("nr_free_pages 1\noom_kill \(kills)\nnuma_hit 3\n".utf8)
            #expect(bytes.withUnsafeBytes { Glibc.write(file.raw, $0.baseAddress, $0.count) } == bytes.count)
        }
    }

    /// More than these tests had when it is spawned: less says nothing, see vfork(2).
    private let megabytes: Int = {
        var ours = rusage()
        getrusage(RUSAGE_SELF.rawValue, &ours)
        return (ours.ru_maxrss >> 10) + 300
    }()

    private var hog: String {
        "x = bytearray(b'x') * (\(megabytes) << 20); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    }

    private func peak(in message: String) throws -> Int {
        let text = try #require(message.split(separator: "peak memory ").last).prefix { $0.isNumber }
        return try #require(Int(text))
    }

    @Test("spawned: the signal and the most memory it had, and nothing that is not known")
    func spawned() throws {
        let machine = try Machine()
        let rig = try Rig([shell("exec python3 -c \"\(hog)\"")], slots: 1, vmstat: machine.path)
        let outcome = try rig.run(job("")).outcome
        let failure = try #require(outcome.failure)
        #expect(failure.errorClass == "Signal")
        if case .died = outcome {} else { Issue.record("an end that nobody asked for is a death") }
        #expect(failure.message.hasPrefix("killed by SIGKILL, peak memory "), "\(failure.message)")
        #expect(try (megabytes..<megabytes + 300).contains(peak(in: failure.message)))
        #expect(!failure.message.contains("kernel"))
    }

    @Test("serving: the same, as HandlerDied")
    func serving() throws {
        let machine = try Machine()
        let script = "import os; os.write(4, b'{\"ready\":true}\\n'); os.read(3, 1); \(hog)"
        var settings = serve()
        settings.command = ["python3", "-c", script]
        let rig = try Rig([settings], slots: 1, vmstat: machine.path)
        let failure = try #require(try rig.run(job("")).outcome.failure)
        #expect(failure.errorClass == "HandlerDied")
        #expect(
            failure.message.hasPrefix("the handler's process ended during the job: killed by SIGKILL, peak memory "))
        #expect(try (megabytes..<megabytes + 300).contains(peak(in: failure.message)))
    }

    @Test(
        "where the kernel killed somebody meanwhile, that is said with who had the memory; the class is what is certain"
    )
    func suspected() throws {
        let machine = try Machine()
        var big = serve()
        (big.name, big.classes) = ("big", [ClassPattern("Big")])
        var small = serve()
        (small.name, small.classes) = ("small", [ClassPattern("Small")])
        let victim = serveShell("echo '{\"ready\":true}' >&4; read -r line <&3; echo begun; sleep 1000")
        let rig = try Rig([big, small, victim], slots: 3, vmstat: machine.path)
        let bigPID = try #require(try rig.run(#"{"class":"Big","args":["eat",150]}"#).pid)
        let smallPID = try #require(try rig.run(#"{"class":"Small","args":["done"]}"#).pid)
        try rig.start(job("", jid: "v"), slot: 2)
        #expect(rig.turn { rig.lines == ["begun"] })
        let pid = try #require(rig.dispatcher.description(of: 2)?.pid)
        try machine.set(8)
        kill(pid, SIGKILL)
        let failure = try #require(try rig.nextReport().outcome.failure)
        #expect(failure.errorClass == "HandlerDied")
        #expect(
            failure.message.contains(
                "; at about that time the kernel killed a process of this machine for want of memory (oom_kill of "
                    + "/proc/vmstat); of this worker's other handler processes the largest had big (pid \(bigPID)) "),
            "\(failure.message)")
        #expect(failure.message.contains(" MB, small (pid \(smallPID)) "), "\(failure.message)")
    }

    @Test("a kill of our own is never put down to the kernel")
    func ours() throws {
        let machine = try Machine()
        let rig = try Rig(
            [shell("trap '' TERM; while :; do sleep 0.05; done", timeout: 0.3, grace: 0.1)], slots: 1,
            vmstat: machine.path)
        try rig.start(job(""))
        try machine.set(8)
        let failure = try #require(try rig.nextReport().outcome.failure)
        #expect(failure.errorClass == "Timeout" && !failure.message.contains("kernel"))
    }

    @Test("a kill that was long ago is not put down to the kernel either")
    func longAgo() throws {
        let machine = try Machine()
        let kills = KernelKills(path: machine.path)
        let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
        func seconds(_ count: Double) -> MonotonicTime { start.advanced(bySeconds: count) }
        try machine.set(8)
        kills.look(at: seconds(1))
        #expect(!kills.happened(since: seconds(1.5), now: seconds(9)))
        #expect(kills.happened(since: seconds(0.5), now: seconds(9)), "it may have been in that second")
        try machine.set(9)
        #expect(kills.happened(since: seconds(1.5), now: seconds(10)))
        #expect(!KernelKills(path: "/no/such/file").happened(since: seconds(0), now: seconds(1)))
    }

    @Test("killed at its limit with several runs: each names the others, at most three of them")
    func together() {
        var state = ServeProcessState(
            ServeProcessState.Limits(threads: 5, startSeconds: 30, graceSeconds: 5, maximumRuns: nil))
        var actions: [ServeProcessState.Action] = []
        let starts: [ServeProcessState.Event] = [.spawned, .answered(.ready), .readEnded]
        let events = starts + (1...5).map(ServeProcessState.Event.assigned)
        for event in events { state.handle(event, into: &actions) }
        let report = ExitReport(
            status: .signaled(.kill, coreDumped: false), cpuSeconds: 0, maximumResidentKB: 1,
            shortage: MemoryShortage(limitBytes: 64 << 20, peakBytes: 64 << 20))
        var circumstances = Circumstances()
        for number in 1...5 { circumstances.runs[number] = "C\(number) (j\(number))" }
        circumstances.neighbours = [Neighbour(handler: "rows", pid: 42, residentBytes: 300 << 20)]
        actions = []
        state.handle(.exited(report, lastLines: "last words", circumstances), into: &actions)
        let messages = actions.compactMap { action -> String? in
            guard case .finish(_, let outcome) = action else { return nil }
            #expect(outcome.failure?.errorClass == "OutOfMemory")
            return outcome.failure?.message
        }
        #expect(messages.count == 5)
        #expect(
            messages[1]
                == "killed by the kernel for want of memory at its limit of 64 MB, peak memory 64 MB; in the same process ran "
                + "C1 (j1), C3 (j3), C4 (j4) and 1 more; of this worker's other handler processes the largest had rows "
                + "(pid 42) 300 MB\nlast words")
    }
}
