import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("A process for each job")
struct SpawnTests {
    @Test("exit 0 is done, 65 is dead, and any other status is a failure with the last lines of stderr")
    func statuses() throws {
        let rig = try Rig(shell(#"read line; echo one >&2; echo "$MARTLET_CLASS failed" >&2; exit ${MARTLET_CLASS#E}"#))
        #expect(try rig.run(#"{"class":"E0","args":[]}"#).outcome == .succeeded)
        let words = "one\nE65 failed"
        #expect(
            try rig.run(#"{"class":"E65","args":[]}"#).outcome
                == .dead(Failure(errorClass: "ExitStatus", message: words)))
        for status in [1, 75, 255] {
            let outcome = try rig.run(#"{"class":"E\#(status)","args":[]}"#).outcome
            #expect(
                outcome == .failed(Failure(errorClass: "ExitStatus", message: "one\nE\(status) failed")), "\(status)")
        }
    }

    @Test("a failure without a word says its exit status, and a signal its name")
    func silent() throws {
        let rig = try Rig(
            shell(#"case $MARTLET_CLASS in T) kill -TERM $$;; K) kill -KILL $$;; S) kill -SEGV $$;; *) exit 3;; esac"#))
        #expect(
            try rig.run(#"{"class":"X"}"#).outcome
                == .failed(Failure(errorClass: "ExitStatus", message: "exit status 3")))
        guard case .died(let killed, let how) = try rig.run(#"{"class":"K"}"#).outcome else {
            Issue.record("a kill is a death that counts")
            return
        }
        #expect(killed == Failure(errorClass: "Signal", message: "killed by SIGKILL"))
        #expect(how.contains(/^handler killed by SIGKILL, peak memory [0-9]+ MB$/), "\(how)")
        let failure = try #require(try rig.run(#"{"class":"S"}"#).outcome.failure)
        #expect(failure.errorClass == "Signal")
        #expect(failure.message.hasPrefix("killed by SIGSEGV"))
        // Somebody asked it to end: no death that counts against the job.
        #expect(
            try rig.run(#"{"class":"T"}"#).outcome
                == .failed(Failure(errorClass: "Signal", message: "killed by SIGTERM")))
    }

    @Test("the payload arrives byte for byte, with a line feed after it")
    func fidelity() throws {
        let payload =
            #"{ "class" : "X","args":[1.0,1e400,-0,12345678901234567890,9007199254740993,[],"é\u00e9\ud83d\ude00/\/"],"#
            + #" "a":1,"a":2,"\u0061":3, "jid":"j" , "retry" :true}"#
        let directory = TemporaryDirectory()
        let file = directory.path + "/in"
        #expect(try Rig(shell("cat > \(file)")).run(payload).outcome == .succeeded)
        #expect(try FileDescriptor.open(file, O_RDONLY).readAll() == Array(payload.utf8) + [0x0A])
    }

    @Test("a payload larger than a pipe is fed as the handler reads it")
    func large() throws {
        let directory = TemporaryDirectory()
        let file = directory.path + "/in"
        let rig = try Rig(shell("sleep 0.2; cat > \(file)"))
        let payload = #"{"class":"X","args":[""# + String(repeating: "0123456789abcdef", count: 1 << 16) + #""]}"#
        #expect(try rig.run(payload).outcome == .succeeded)
        #expect(try FileDescriptor.open(file, O_RDONLY).readAll() == Array(payload.utf8) + [0x0A])
    }

    @Test("a handler that never reads, or ends before it has read, is judged by its exit alone", arguments: [0, 4])
    func unread(status: Int) throws {
        let rig = try Rig(shell("exit \(status)"))
        let payload = #"{"class":"X","args":[""# + String(repeating: "x", count: 1 << 20) + #""]}"#
        let outcome = try rig.run(payload).outcome
        #expect(
            outcome
                == (status == 0
                    ? .succeeded : .failed(Failure(errorClass: "ExitStatus", message: "exit status \(status)"))))
    }

    @Test("its environment is exactly the documented one")
    func environment() throws {
        let owner = Credentials.current()
        var settings = shell("exec env", timeout: 60)
        settings.environment = ["COLOR": "red", "MARTLET_JID": "stolen"]
        let rig = try Rig(settings)
        let before = WallClock.milliseconds()
        _ = try rig.run(#"{"class":"A::B","wrapped":"W","args":[],"jid":"abc","retry_count":2}"#)
        let variables = Dictionary(
            uniqueKeysWithValues: rig.lines.filter { !$0.hasPrefix("PWD=") && !$0.hasPrefix("_=") }.map {
                let parts = $0.split(separator: "=", maxSplits: 1)
                return (String(parts[0]), String(parts.last ?? ""))
            })
        let deadline = try #require(variables["MARTLET_DEADLINE"].flatMap { Int64($0) })
        #expect((before + 60_000...before + 80_000).contains(deadline))
        #expect(
            variables.filter { $0.key != "MARTLET_DEADLINE" } == [
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": owner.home,
                "USER": owner.user, "LANG": "C.UTF-8", "COLOR": "red", "MARTLET_JID": "abc", "MARTLET_CLASS": "W",
                "MARTLET_QUEUE": "default", "MARTLET_ATTEMPT": "4", "MARTLET_PROTOCOL": "1",
            ])
    }

    @Test("it has descriptors 0, 1, 2 and 4 and no others, its own process group, and default signals")
    func surroundings() throws {
        let script = """
            import os, signal
            print(sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + fd)))
            print(os.getpgid(0) == os.getpid(), signal.pthread_sigmask(signal.SIG_BLOCK, []))
            ignored = [int(line.split()[1], 16) for line in open("/proc/self/status") if line.startswith("SigIgn")][0]
            print([number + 1 for number in range(31) if ignored >> number & 1])
            """
        var settings = shell("")
        settings.command = ["python3", "-c", script]
        settings.executable = "/usr/bin/python3"
        let rig = try Rig(settings)
        #expect(try rig.run(#"{"class":"X"}"#).outcome == .succeeded)
        // Python itself ignores SIGPIPE and SIGXFSZ.
        #expect(rig.lines == ["[0, 1, 2, 4]", "True set()", "[13, 25]"])
    }

    @Test("a program that cannot be executed is a start failure that names it")
    func missing() throws {
        var settings = shell("")
        settings.executable = "/nonexistent/program"
        let report = try Rig(settings).run(#"{"class":"X"}"#)
        #expect(report.pid == nil)
        #expect(
            report.outcome
                == .notStarted(
                    Failure(
                        errorClass: "StartFailed",
                        message: "handler shell did not start: "
                            + "cannot execute /nonexistent/program: No such file or directory")))
    }

    @Test("a working directory that is gone is a start failure")
    func directory() throws {
        var settings = shell("")
        settings.directory = "/nonexistent"
        let failure = try #require(try Rig(settings).run(#"{"class":"X"}"#).outcome.failure)
        #expect(failure.errorClass == "StartFailed")
        #expect(failure.message.contains("/nonexistent"))
    }

    @Test("a class without a handler is told which key to add")
    func noHandler() throws {
        let rig = try Rig(shell("", classes: ["A", "B*"]))
        let report = try rig.run(#"{"class":"Unknown::Job","args":[]}"#)
        #expect(
            report.outcome
                == .failed(
                    Failure(
                        errorClass: "NoHandler",
                        message: "no handler for class \"Unknown::Job\"; "
                            + "add it to handlers.<name>.classes in the configuration")))
        #expect(report.handler == nil)
        #expect(try rig.run(#"{"class":"Bee","args":[]}"#).outcome == .succeeded)
    }

    @Test("the process ends the run, not its pipes: what it left running in its group is killed")
    func grandchild() throws {
        let rig = try Rig(shell("sleep 3600 & echo $!; exit 0"))
        let start = MonotonicTime.now()
        #expect(try rig.run(#"{"class":"X"}"#).outcome == .succeeded)
        #expect(MonotonicTime.now().seconds(since: start) < 5)
        let pid = try #require(rig.lines.first.flatMap { Int32($0) })
        #expect(rig.turn { !isAlive(pid) })
    }

    @Test("a handler that closes its output early is judged by its exit")
    func closedOutput() throws {
        let rig = try Rig(shell("exec >&- 2>&- 4>&- 0<&-; sleep 0.1; exit 9"))
        #expect(try rig.run(#"{"class":"X"}"#).outcome.failure?.message == "exit status 9")
    }

    @Test("its output is passed on line by line, with the run it belongs to")
    func output() throws {
        let rig = try Rig(shell(#"echo out; echo err >&2; printf 'no line feed'"#))
        _ = try rig.run(#"{"class":"Out","jid":"j1"}"#)
        #expect(Set(rig.lines) == ["out", "err", "no line feed"])
        #expect(rig.output.allSatisfy { $0.run?.job.jid == "j1" && $0.handler == "shell" })
    }

    @Test("200 jobs leave no zombie, no descriptor and no process behind")
    func leaks() throws {
        let rig = try Rig(shell("exit 0"), slots: 8)
        _ = try rig.run(#"{"class":"X"}"#)
        var left = 200
        rig.onReport { report in
            guard left > 0 else { return }
            left -= 1
            // A job decoded before decodes again.
            _ = try? rig.start(#"{"class":"X"}"#, slot: report.slot)
        }
        for slot in 0..<8 { try rig.start(#"{"class":"X"}"#, slot: slot) }
        #expect(rig.turn(within: 60) { rig.reports.count == 209 })
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
        #expect(rig.reports.compactMap(\.pid).allSatisfy { ProcessEntry(pid: $0)?.parent != getpid() })
        #expect(rig.dispatcher.slots.isEmpty)
        rig.onReport { _ in }
    }
}
