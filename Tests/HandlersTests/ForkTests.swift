import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

/// fork.py, whose children are serve.py.
func fork(
    _ misbehaviour: String = "", maxJobs: Int? = 1, startTimeout: Double = 30, timeout: Double? = nil,
    grace: Double = 5, environment: [String: String] = [:]
) -> HandlerSettings {
    HandlerSettings(
        name: "forked", command: ["python3", evil("fork.py")], executable: "/usr/bin/python3",
        classes: [ClassPattern("*")], mode: .fork, timeout: timeout, grace: grace, startTimeout: startTimeout,
        maxJobs: maxJobs, environment: environment.merging(["MISBEHAVE": misbehaviour]) { $1 }, directory: "/")
}

@Suite("Jobs are done by children of a process that has loaded the program")
struct ForkTests {
    private func preloader(_ rig: Rig) -> PreloaderDescription? { rig.dispatcher.poolDescriptions.first?.preloader }

    @Test("each job gets a child of its own, and all have one parent")
    func perJob() throws {
        let rig = try Rig(fork(), slots: 2)
        var parents: Set<Int32> = []
        for _ in 0..<5 {
            try rig.start(job(#""sleep",0.05"#))
            try #require(rig.turn { rig.dispatcher.slots.first?.pid != nil })
            let pid = try #require(rig.dispatcher.slots.first?.pid)
            let entry = try #require(ProcessEntry(pid: pid))
            parents.insert(entry.parent)
            #expect(entry.group == pid, "it leads a process group of its own")
            #expect(try rig.nextReport().outcome == .succeeded)
        }
        #expect(Set(rig.reports.compactMap(\.pid)).count == 5)
        #expect(parents.count == 1)
        #expect(rig.spawns.count == 1, "one program was executed")
        #expect(rig.turn { preloader(rig)?.children ?? 9 <= 1 }, "those that have ended are reaped")
    }

    @Test("with max_jobs a child does so many jobs, the next one ready before it is needed")
    func perSomeJobs() throws {
        let rig = try Rig(fork(maxJobs: 5), slots: 1)
        let begin = MonotonicTime.now()
        while Set(rig.reports.map(\.pid)).count < 3, MonotonicTime.now().seconds(since: begin) < 20 {
            #expect(try rig.run(job(#""sleep",0.02"#)).outcome == .succeeded)
        }
        let byChild = Dictionary(grouping: rig.reports, by: \.pid)
        #expect(byChild.count == 3)
        // Up to a tenth fewer of five is none; those it does until the next is ready come on top.
        for (pid, runs) in byChild where pid != rig.reports.last?.pid { #expect(runs.count >= 5) }
        #expect(rig.spawns.count == 1)
    }

    @Test("the program is loaded before there is a job, by one process for all")
    func loadsEarly() throws {
        let rig = try Rig(fork(), slots: 8)
        #expect(rig.turn { preloader(rig)?.pid != nil })
        for slot in 0..<8 { try rig.start(job(#""done""#), slot: slot) }
        #expect(rig.turn { rig.reports.count == 8 })
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
        #expect(rig.spawns.count == 1)
    }

    @Test("what a child prints is logged under its job, and how it ended is told through its parent")
    func outputAndEnd() throws {
        let rig = try Rig(fork(), slots: 1)
        #expect(try rig.run(job(#""say","hello from a child""#)).outcome == .succeeded)
        let line = rig.output.first { if case .line("hello from a child") = $0.content { true } else { false } }
        #expect(line?.run?.job.jid == "0123456789abcdef01234567")
        let exit = try #require(try rig.run(job(#""die",3"#)).outcome.failure)
        #expect(exit.message == "the handler's process ended during the job: exit status 3\nfirst words\nlast words")
        let signal = try #require(try rig.run(job(#""segfault""#)).outcome.failure)
        #expect(signal.message.hasPrefix("the handler's process ended during the job: killed by SIGSEGV"))
    }

    @Test("a child that exceeds its time is ended with all that it started")
    func timeout() throws {
        let rig = try Rig(fork(timeout: 0.2, grace: 0.1), slots: 1)
        let report = try rig.run(job(#""never, stubborn""#))
        #expect(report.outcome.failure?.errorClass == "Timeout")
        let pid = try #require(report.pid)
        #expect(rig.turn { ProcessEntry(pid: pid) == nil }, "not even a zombie is left")
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded, "its parent goes on")
        #expect(rig.spawns.count == 1)
    }

    @Test("a stop leaves neither children nor the process that forked them")
    func stop() throws {
        let rig = try Rig(fork(), slots: 4)
        for slot in 0..<4 { try rig.start(job(#""never, stubborn""#), slot: slot) }
        #expect(rig.turn { rig.dispatcher.slots.filter { $0.pid != nil }.count == 4 })
        let pids = rig.dispatcher.slots.compactMap(\.pid) + [try #require(preloader(rig)?.pid)]
        #expect(rig.stop(grace: 0.1) < 5)
        #expect(pids.allSatisfy { !isAlive($0) })
        #expect(rig.reports.allSatisfy { $0.outcome == .interrupted } && rig.reports.count == 4)
    }

    @Test("if the process that forks is killed the children go on, and another one is loaded")
    func parentDies() throws {
        let rig = try Rig(fork(), slots: 2)
        try rig.start(job(#""sleep",1"#))
        try #require(rig.turn { rig.dispatcher.slots.first?.pid != nil })
        let first = try #require(preloader(rig)?.pid)
        kill(first, SIGKILL)
        #expect(rig.turn { preloader(rig)?.pid != first })
        #expect(try rig.run(job(#""done""#), slot: 1).outcome == .succeeded)
        #expect(rig.turn { rig.reports.count == 2 })
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
        #expect(rig.spawns.count == 2)
    }

    @Test("children whose parent was killed are ours to reap, and how they end is known")
    func adopted() throws {
        try ProcessTree.becomeSubreaper()
        let rig = try Rig([fork()], slots: 1, adoptsOrphans: true)
        try rig.start(job(#""never""#))
        try #require(rig.turn { rig.dispatcher.slots.first?.pid != nil })
        let pid = try #require(rig.dispatcher.slots.first?.pid)
        kill(try #require(preloader(rig)?.pid), SIGKILL)
        #expect(rig.turn { ProcessEntry(pid: pid)?.parent == getpid() })
        kill(pid, SIGSEGV)
        let failure = try #require(try rig.nextReport().outcome.failure)
        #expect(failure.message.hasPrefix("the handler's process ended during the job: killed by SIGSEGV"))
        #expect(rig.turn { ProcessEntry(pid: pid) == nil }, "not even a zombie is left")
    }
}

@Suite("A program that forks badly fails its own jobs only")
struct ForkFaultTests {
    @Test(
        "a program that cannot be loaded fails the job with what it said",
        arguments: [
            ("dies first", "its preloader ended: exit status 1; \(Preloader.hint)\nno such module: app"),
            ("never ready", "its preloader was not ready within 500ms"),
        ])
    func loading(how: String, message: String) throws {
        let rig = try Rig(fork(how, startTimeout: how == "never ready" ? 0.5 : 30), slots: 1)
        let outcome = try rig.run(job(#""done""#)).outcome
        #expect(
            outcome
                == .notStarted(
                    Failure(errorClass: "StartFailed", message: "handler forked did not start: \(message)")))
        let pool = try #require(rig.dispatcher.poolDescriptions.first)
        #expect(pool.startFailures > 0)
        #expect(pool.startFailure == message)
    }

    @Test("a child that fails its set-up never gets a job")
    func badChild() throws {
        let rig = try Rig(fork("bad child"), slots: 1)
        let failure = try #require(try rig.run(job(#""done""#)).outcome.failure)
        #expect(failure.errorClass == "StartFailed")
        #expect(failure.message == "handler forked did not start: exit status 3 before it was ready\nno database")
    }

    @Test("a fork that is refused fails the job with the reason")
    func refuses() throws {
        let rig = try Rig(fork("refuses"), slots: 1)
        let failure = try #require(try rig.run(job(#""done""#)).outcome.failure)
        #expect(failure.message == "handler forked did not start: it could not be forked: no more processes")
    }

    @Test("who names a process that is not its child is killed, and that process is not")
    func lies() throws {
        let rig = try Rig(fork("lies"), slots: 1)
        let failure = try #require(try rig.run(job(#""done""#)).outcome.failure)
        #expect(failure.message.contains("named process \(getpid()), which is not a child it has just forked"))
    }

    @Test("who names at its end a process of another handler does not get it, and that goes on")
    func liesAtItsEnd() throws {
        try ProcessTree.becomeSubreaper()
        let directory = TemporaryDirectory()
        let victim = "\(directory.path)/victim"
        var liar = fork("lies at its end", environment: ["VICTIM_FILE": victim])
        liar.classes = [ClassPattern("Liar")]
        let rig = try Rig([liar, shell("sleep 3", classes: ["Test"])], slots: 2, adoptsOrphans: true)
        try rig.start(job(#""x""#))
        try #require(rig.turn { rig.dispatcher.slots.first?.pid != nil })
        let pid = try #require(rig.dispatcher.slots.first?.pid)
        let file = try FileDescriptor.open(victim, O_WRONLY | O_CREAT | O_TRUNC)
        #expect(Array("\(pid)".utf8).withUnsafeBytes { file.writeAll($0) } == nil)
        try rig.start(#"{"class":"Liar","args":[]}"#, slot: 1)
        try #require(rig.turn { access("\(victim).asked", F_OK) == 0 })
        // Its end and the lie are there at the same turn of the loop.
        eventually("the lie is told") { access("\(victim).said", F_OK) == 0 }
        let lie = try rig.nextReport()
        #expect(lie.slot == 1 && lie.outcome.failure?.errorClass == "StartFailed")
        #expect(isAlive(pid))
        let report = try rig.nextReport()
        #expect(report.slot == 0 && report.outcome == .succeeded)
    }

    @Test("a flood on its control socket ends who sends it, while other jobs go on")
    func floods() throws {
        var other = serve()
        other.classes = [ClassPattern("Other")]
        var flood = fork("floods")
        flood.classes = [ClassPattern("Test")]
        let rig = try Rig([flood, other], slots: 2)
        try rig.start(job(#""done""#))
        let other1 = #"{"class":"Other","args":["done"]}"#
        try rig.start(other1, slot: 1)
        try #require(rig.turn { rig.reports.count == 2 })
        #expect(rig.reports.contains { $0.slot == 1 && $0.outcome == .succeeded })
        let failure = try #require(rig.reports.first { $0.slot == 0 }?.outcome.failure)
        #expect(failure.message.contains("floods its control socket"), "\(failure.message)")
    }

    @Test("a child that makes no process group of its own gets no job, and the message says what it lacks")
    func sameGroup() throws {
        let rig = try Rig(fork("same group"), slots: 1)
        let failure = try #require(try rig.run(job(#""done""#)).outcome.failure)
        #expect(failure.errorClass == "StartFailed")
        #expect(failure.message.contains("made no process group of its own"), "\(failure.message)")
    }

    @Test(
        "who does not answer, or closes its control socket, is killed, and jobs do not wait for ever",
        arguments: ["no answer", "mute", "closes"])
    func silent(how: String) throws {
        let rig = try Rig(fork(how), slots: 1)
        let failure = try #require(try rig.run(job(#""done""#), within: 30).outcome.failure)
        #expect(failure.errorClass == "StartFailed", "\(failure.message)")
        // What it forked and did not tell sees the end of its input.
        #expect(rig.stop(grace: 0.1) < 5)
    }

    @Test("one that does not reap is killed, and its children are reaped all the same")
    func noReap() throws {
        let rig = try Rig(fork("no reap"), slots: 1)
        let report = try rig.run(job(#""done""#))
        #expect(report.outcome == .succeeded)
        let pid = try #require(report.pid)
        #expect(rig.turn { ProcessEntry(pid: pid) == nil })
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded)
    }
}

@Suite("What has loaded the program is replaced when that changes or is old")
struct RenewalTests {
    private struct Program {
        let directory = TemporaryDirectory()
        var settings: HandlerSettings

        init(maxAge: Double? = nil, watch: Bool = true, mode: HandlerSettings.Mode = .fork) throws {
            settings = fork("", maxJobs: nil, environment: ["VERSION_FILE": "\(directory.path)/version.txt"])
            settings.maxAge = maxAge
            settings.watch = watch
            settings.mode = mode
            if mode == .serve {
                settings.command = [
                    "sh", "-c", "cat \(directory.path)/version.txt; exec python3 \(evil("serve.py"))", "-",
                ]
                settings.executable = "/bin/sh"
            }
            settings.command.append("\(directory.path)/version.txt")
            try write("1")
        }

        func write(_ version: String) throws {
            let file = try FileDescriptor.open("\(directory.path)/version.txt", O_WRONLY | O_CREAT | O_TRUNC)
            #expect(Array("\(version)\n".utf8).withUnsafeBytes { file.writeAll($0) } == nil)
        }
    }

    @Test("when a file changes jobs get the new program, and what runs goes on", arguments: ["fork", "serve"])
    func change(mode: String) throws {
        let program = try Program(mode: try #require(HandlerSettings.Mode(rawValue: mode)))
        let rig = try Rig(program.settings, slots: 2)
        try rig.start(job(#""sleep",2"#))
        #expect(try rig.run(job(#""done""#), slot: 1).outcome == .succeeded)
        let old = try #require(rig.dispatcher.slots.first?.pid)
        try program.write("2")
        #expect(
            rig.turn {
                if rig.dispatcher.description(of: 1) == nil { _ = try? rig.start(job(#""done""#), slot: 1) }
                return rig.lines.contains { $0.hasSuffix("2") }
            })
        #expect(rig.turn { rig.reports.contains { $0.slot == 0 } })
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
        #expect(rig.turn { !isAlive(old) }, "the old one goes when it has nothing to do")
        #expect(rig.turn { rig.dispatcher.slots.isEmpty })
        let report = try rig.run(job(#""done""#))
        #expect(report.outcome == .succeeded && report.pid != old)
    }

    @Test("a program that cannot be loaded leaves the old one in place, until it can")
    func brokenChange() throws {
        let program = try Program()
        let rig = try Rig(program.settings, slots: 1)
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded)
        let spawns = rig.spawns.count
        try program.write("broken")
        #expect(rig.turn { rig.spawns.count >= spawns + 2 }, "it is tried again")
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded)
        #expect(rig.dispatcher.poolDescriptions.first?.preloader?.startFailures ?? 0 > 0)
        try program.write("3")
        #expect(
            rig.turn {
                if rig.dispatcher.slots.isEmpty { _ = try? rig.start(job(#""done""#)) }
                return rig.lines.contains("version 3")
            })
    }

    @Test("one that was told to end and does not is killed soon, however long its jobs may take to end")
    func stays() throws {
        var settings = fork("stays", grace: 3600)
        settings.maxAge = 0.2
        let rig = try Rig(settings, slots: 1)
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded)
        let first = try #require(rig.dispatcher.poolDescriptions.first?.preloader?.pid)
        #expect(rig.turn { !isAlive(first) })
    }

    @Test("by max_age the next one is loaded while the old one forks, and then the old one goes")
    func age() throws {
        let program = try Program(maxAge: 0.5, watch: false)
        let rig = try Rig(program.settings, slots: 1)
        var parents: Set<Int32> = []
        let begin = MonotonicTime.now()
        while parents.count < 3, MonotonicTime.now().seconds(since: begin) < 20 {
            try #require(try rig.run(job(#""sleep",0.02"#)).outcome == .succeeded)
            if let pid = rig.dispatcher.poolDescriptions.first?.preloader?.pid { parents.insert(pid) }
        }
        #expect(parents.count >= 3)
        #expect(rig.turn { parents.count(where: isAlive) <= 2 })
        withExtendedLifetime(program) {}
    }
}

@Suite("Processes are there before there is a job")
struct WarmPoolTests {
    private func handler(_ mode: HandlerSettings.Mode, _ minimum: Int, _ maximum: Int?) -> HandlerSettings {
        var settings = mode == .fork ? fork() : serve()
        settings.processes = ProcessRange(minimum: minimum, maximum: maximum)
        return settings
    }

    @Test("so many as `min` says, in both modes", arguments: ["serve", "fork"])
    func minimum(mode: String) throws {
        let rig = try Rig(handler(try #require(HandlerSettings.Mode(rawValue: mode)), 3, nil), slots: 8)
        #expect(rig.turn { rig.dispatcher.poolDescriptions.first?.idle == 3 })
        try rig.start(job(#""done""#))
        #expect(rig.dispatcher.slots.first?.standing == .running, "the job does not wait")
        #expect(try rig.nextReport().outcome == .succeeded)
        #expect(rig.turn { rig.dispatcher.poolDescriptions.first?.idle == 3 }, "they are as many as before")
    }

    @Test("never more than `max` run, and the other jobs wait")
    func maximum() throws {
        let rig = try Rig(handler(.serve, 0, 2), slots: 6)
        for slot in 0..<6 { try rig.start(job(#""sleep",0.1"#), slot: slot) }
        var most = 0
        #expect(
            rig.turn {
                most = max(most, rig.dispatcher.poolDescriptions.first?.busy ?? 0)
                return rig.reports.count == 6
            })
        #expect(most == 2)
        #expect(rig.reports.allSatisfy { $0.outcome == .succeeded })
    }

    @Test("one that ends is replaced, and idle_timeout leaves `min` of them")
    func stays() throws {
        var settings = handler(.serve, 2, 4)
        settings.idleTimeout = 0.2
        let rig = try Rig(settings, slots: 4)
        for slot in 0..<4 { try rig.start(job(#""sleep",0.3"#), slot: slot) }
        #expect(rig.turn { rig.reports.count == 4 })
        #expect(rig.turn { rig.dispatcher.poolDescriptions.first?.idle == 2 })
        _ = try rig.run(job(#""die",1"#))
        #expect(rig.turn { rig.dispatcher.poolDescriptions.first?.idle == 2 })
    }

    @Test("those that do not start are tried again ever more seldom, without a job")
    func failing() throws {
        var settings = serveShell("exit 3")
        settings.processes = ProcessRange(minimum: 2, maximum: 2)
        let rig = try Rig(settings, slots: 2)
        #expect(rig.turn { rig.dispatcher.poolDescriptions.first?.startFailures ?? 0 >= 4 })
        // Two at once, then one each after 0.1, 0.2 and 0.4 s.
        #expect(rig.spawns.count <= 8, "\(rig.spawns.count)")
        #expect(rig.dispatcher.poolDescriptions.first?.startFailure == "exit status 3 before it was ready")
    }
}
