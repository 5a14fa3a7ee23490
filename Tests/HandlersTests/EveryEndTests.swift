import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

/// H16: however a handler ends, the failure says exactly how.
@Suite("Every way to end")
struct EveryEndTests {
    /// Those that end a process: the others are ignored, or stop it.
    private static let deadly: [Int32] = (1...31).filter {
        ![SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU].contains($0)
    }

    @Test("a spawned one: 0 is done, 65 is dead, 1 to 255 are named")
    func statuses() throws {
        let rig = try Rig(shell("exit ${MARTLET_CLASS#E}"))
        for status in 0...255 {
            let outcome = try rig.run(#"{"class":"E\#(status)"}"#).outcome
            let failure = Failure(errorClass: "ExitStatus", message: "exit status \(status)")
            let expected: Outcome = status == 0 ? .succeeded : status == 65 ? .dead(failure) : .failed(failure)
            #expect(outcome == expected, "\(status)")
        }
    }

    @Test("a spawned one: each signal by its name; a request to end is no death, any other is one")
    func signals() throws {
        let rig = try Rig(shell("ulimit -c 0; kill -${MARTLET_CLASS#S} $$; sleep 3600"))
        for number in Self.deadly {
            let name = Signal(number: number).name
            let outcome = try rig.run(#"{"class":"S\#(number)"}"#).outcome
            #expect(outcome.failure == Failure(errorClass: "Signal", message: "killed by \(name)"), "\(number)")
            #expect(outcome.isDeath == ![SIGTERM, SIGINT, SIGHUP].contains(number), "\(name)")
            #expect(name.hasPrefix("SIG"))
        }
    }

    @Test("a serving one: each status and each signal during a job, and the next job is done by another process")
    func serving() throws {
        // One test process for each: a serving one is started anew after each end.
        let script = """
            echo '{"ready":true}' >&4; read -r line <&3
            what=${line#*'"do":"'}; what=${what%%'"'*}; ulimit -c 0
            case $what in exit*) exit ${what#exit};; *) kill -${what#kill} $$; sleep 3600;; esac
            """
        let rig = try Rig(serveShell(script), slots: 1)
        let prefix = "the handler's process ended during the job: "
        for status in 0...255 {
            let outcome = try rig.run(#"{"class":"X","do":"exit\#(status)"}"#).outcome
            #expect(
                outcome.failure == Failure(errorClass: "HandlerDied", message: "\(prefix)exit status \(status)"))
            #expect(outcome.isDeath)
        }
        for number in Self.deadly {
            let outcome = try rig.run(#"{"class":"X","do":"kill\#(number)"}"#).outcome
            let message = "\(prefix)killed by \(Signal(number: number).name)"
            #expect(outcome.failure == Failure(errorClass: "HandlerDied", message: message))
            #expect(outcome.isDeath == ![SIGTERM, SIGINT, SIGHUP].contains(number), "\(number)")
        }
    }

    @Test(
        "a core that was written is told of",
        .enabled(if: coresAreFiles, "the kernel passes cores on, or none may be written"))
    func core() throws {
        let directory = TemporaryDirectory()
        let script = "ulimit -c unlimited; kill -SEGV $$"
        var settings = shell(script)
        settings.directory = directory.path
        #expect(try Rig(settings).run(job("")).outcome.failure?.message == "killed by SIGSEGV, core dumped")
        settings = serveShell("echo '{\"ready\":true}' >&4; read -r line <&3; \(script)")
        settings.directory = directory.path
        let served = try Rig(settings).run(job("")).outcome.failure?.message
        #expect(served == "the handler's process ended during the job: killed by SIGSEGV, core dumped")
    }

    private static let coresAreFiles: Bool = {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        let pattern = Program.text(of: "/proc/sys/kernel/core_pattern")
        return limit.rlim_max > 0 && !pattern.hasPrefix("|") && !pattern.hasPrefix("/")
    }()
}

extension Outcome {
    fileprivate var isDeath: Bool { if case .died = self { true } else { false } }
}
