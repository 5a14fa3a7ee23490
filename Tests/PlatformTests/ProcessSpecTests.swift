import Foundation
import Platform
import TestSupport
import Testing

@Suite("Starting a program")
struct ProcessSpecTests {
    @Test("a child has exactly the descriptors it was given")
    func descriptors() throws {
        // More descriptors of ours than the child is to see, one of them not close-on-exec.
        let leak = dup(2)
        defer { close(leak) }
        let file = try FileDescriptor.memory("settings", containing: Array("hello".utf8))
        let other = try FileDescriptor.memory("other", containing: [])
        let listing = try output(of: "ls /proc/self/fd; cat <&7") { spec in
            spec.descriptors += [(7, file.raw), (4, other.raw)]
        }
        // 3 is the directory ls has opened itself.
        #expect(listing == "0\n1\n2\n3\n4\n7\nhello")
    }

    @Test("descriptors may trade places")
    func swapped() throws {
        let out = try FileDescriptor.pipe()
        let one = try FileDescriptor.memory("one", containing: Array("one".utf8))
        let two = try FileDescriptor.memory("two", containing: Array("two".utf8))
        let child = try shell("cat /proc/self/fd/\(two.raw) /proc/self/fd/\(one.raw)") { spec in
            spec.descriptors = [(1, out.write.raw), (one.raw, two.raw), (two.raw, one.raw)]
        }
        #expect(child.wait(until: soon())?.status == .exited(0))
        #expect(try text(of: out) == "onetwo")
    }

    @Test("what is not given of 0, 1 and 2 is /dev/null")
    func standardDescriptors() throws {
        let out = try FileDescriptor.pipe()
        let child = try shell("readlink /proc/self/fd/0 /proc/self/fd/1 >&5") { spec in
            spec.descriptors = [(5, out.write.raw)]
        }
        #expect(child.wait(until: soon())?.status == .exited(0))
        let links = try text(of: out)
        #expect(links.hasPrefix("/dev/null\npipe:"))
    }

    @Test("a child's environment is what it was given, in that order")
    func environment() throws {
        let given = ["B=2", "A=", "PATH=/usr/bin:/bin", "WORD=two words=x"]
        var spec = ProcessSpec(executable: "/usr/bin/env", arguments: ["env"], environment: given)
        let out = try FileDescriptor.pipe()
        spec.descriptors = [(1, out.write.raw)]
        let child = try spec.spawn()
        #expect(child.wait(until: soon())?.status == .exited(0))
        #expect(try text(of: out) == given.joined(separator: "\n") + "\n")
    }

    @Test("arguments arrive as they were given, name and empty ones included")
    func arguments() throws {
        let out = try FileDescriptor.pipe()
        let spec = ProcessSpec(
            executable: "/bin/sh", arguments: ["myname", "-c", "printf '%s|' \"$0\" \"$@\"", "zero", "", "a b", "ü"],
            descriptors: [(1, out.write.raw)])
        let child = try spec.spawn()
        #expect(child.wait(until: soon())?.status == .exited(0))
        #expect(try text(of: out) == "zero||a b|ü|")
    }

    @Test("a program that cannot be started says at which step and why")
    func failures() throws {
        func failure(_ adjust: (inout ProcessSpec) -> Void) -> SpawnError? {
            #expect(throws: SpawnError.self) { _ = try shell("true", adjust) }
        }
        let missing = failure { $0.executable = "/no/such/program" }
        #expect(missing?.step == .execute)
        #expect(missing?.code == ENOENT)
        #expect(missing?.description == "cannot execute /no/such/program: No such file or directory")
        let forbidden = failure { $0.executable = "/etc/passwd" }
        #expect(forbidden?.description == "cannot execute /etc/passwd: Permission denied")
        let script = TemporaryDirectory()
        let path = script.path + "/script"
        _ = FileManager.default.createFile(
            atPath: path, contents: Data("#!/no/such/interpreter\n".utf8), attributes: [.posixPermissions: 0o755])
        // A child that another test was just starting may hold the new file open for writing until it executes.
        eventually(within: 10, "nobody writes it") { failure { $0.executable = path }?.code != ETXTBSY }
        #expect(
            failure { $0.executable = path }?.description
                == "cannot find the interpreter of \(path): No such file or directory")
        let directory = failure { $0.directory = "/no/such/directory" }
        #expect(directory?.step == .directory)
        #expect(
            directory?.description == "cannot change to the directory /no/such/directory: No such file or directory")
        let descriptor = failure { $0.descriptors = [(0, 1_000_000)] }
        #expect(descriptor?.step == .descriptors)
        #expect(descriptor?.code == EBADF)
        #expect(failure { $0.arguments.append("a\0b") }?.step == .description)
        #expect(failure { $0.descriptors = [(1, 1), (1, 2)] }?.step == .description)
    }

    @Test("a failed start leaves no zombie and no descriptor behind")
    func noLeak() throws {
        let before = try output(of: "ls /proc/$PPID/fd | wc -l")
        for _ in 0..<50 {
            #expect(throws: SpawnError.self) {
                try ProcessSpec(executable: "/no/such/program", arguments: ["x"]).spawn()
            }
        }
        // Other tests open and close some meanwhile, but not fifty.
        let after = try output(of: "ls /proc/$PPID/fd | wc -l")
        let trim = { (text: String) in Int(text.split(separator: "\n")[0]) ?? -1 }
        #expect(trim(after) < trim(before) + 40)
    }

    @Test("a child starts with no signal blocked or ignored, whatever its parent does")
    func signalsReset() throws {
        SignalDescriptor.ignoreBrokenPipes()
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let status = try output(of: "grep -E '^Sig(Blk|Ign)' /proc/self/status")
        #expect(status == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
    }

    @Test("the parent's own signal mask survives a spawn")
    func maskKept() throws {
        var before = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &before)
        let child = try shell("true")
        #expect(child.wait(until: soon())?.status == .exited(0))
        var after = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &after)
        for number in 1...64 as ClosedRange<Int32> {
            #expect(sigismember(&before, number) == sigismember(&after, number))
        }
    }

    @Test("a child is in its own group, its own session, or its parent's", arguments: [0, 1, 2])
    func groups(kind: Int) throws {
        let group = [ProcessSpec.Group.own, .session, .inherited][kind]
        let child = try shell("exec sleep 100") { $0.group = group }
        defer { end(child) }
        let entry = try #require(ProcessEntry(pid: child.pid))
        #expect((entry.group == child.pid) == (kind != 2))
        #expect((entry.session == child.pid) == (kind == 1))
    }

    @Test("a child starts in the directory it is given")
    func directory() throws {
        #expect(try output(of: "pwd") { $0.directory = "/usr/bin" } == "/usr/bin\n")
    }

    @Test("the soft limit of open files is the child's alone and never above the hard one")
    func openFiles() throws {
        #expect(try output(of: "ulimit -Sn") { $0.openFilesLimit = 77 } == "77\n")
        let hard = try output(of: "ulimit -Hn")
        #expect(try output(of: "ulimit -Sn") { $0.openFilesLimit = .max } == hard)
        let old = OpenFiles.raise()
        #expect(old > 0)
        #expect(try output(of: "ulimit -Sn") == hard)
    }

    @Test("the limit of virtual memory is the child's alone, and it cannot raise it")
    func addressSpace() throws {
        #expect(try output(of: "ulimit -v; ulimit -Hv") { $0.addressSpaceLimit = 64 << 20 } == "65536\n65536\n")
        // Less than this process has itself: what counts is what the program has.
        #expect(try output(of: "ulimit -v 100000 2>/dev/null || echo no") { $0.addressSpaceLimit = 32 << 20 } == "no\n")
        #expect(try output(of: "ulimit -v") == output(of: "ulimit -Hv"))
    }

    @Test("new privileges are given up unless they are asked for")
    func noNewPrivileges() throws {
        #expect(try output(of: "grep NoNewPrivs /proc/self/status") == "NoNewPrivs:\t1\n")
        #expect(
            try output(of: "grep NoNewPrivs /proc/self/status") { $0.noNewPrivileges = false } == "NoNewPrivs:\t0\n")
    }

    /// The number of the scheduling policy, see proc_pid_stat(5): 0 is SCHED_OTHER, 3 SCHED_BATCH, 5 SCHED_IDLE.
    private static let printPolicy = "cut -d ' ' -f 41 /proc/self/stat"

    @Test(
        "what nobody waits for is scheduled as a batch, unless somebody gave us another policy",
        .enabled(if: sched_getscheduler(0) == 0, "these tests have another policy"))
    func isBatch() throws {
        #expect(try output(of: Self.printPolicy) == "0\n")
        #expect(try output(of: Self.printPolicy) { $0.isBatch = true } == "3\n")
        // A policy is a thread's, and a thread without rights may not take its old one again: this one ends.
        let said = Monitor<String?>(nil)
        OSThread.start(name: "idler") {
            var none = sched_param()
            sched_setscheduler(0, 5, &none)
            let text = (try? output(of: Self.printPolicy) { $0.isBatch = true }) ?? "nothing"
            said.withLock { $0 = text }
            said.notify()
        }
        let idle = said.wait { $0 }
        #expect(idle == "5\n", "an operator's word counts more")
    }

    @Test("a handler's user is the whole user: numbers, groups, nothing left of root", .enabled(if: geteuid() == 0))
    func credentials() throws {
        let nobody = try #require(try Credentials.named("nobody"))
        let numbers = try output(of: "grep -E '^(Uid|Gid|Groups|CapEff)' /proc/self/status") { $0.credentials = nobody }
        let lines = numbers.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
        #expect(lines[0].dropFirst().allSatisfy { $0 == String(nobody.uid) })
        #expect(lines[1].dropFirst().allSatisfy { $0 == String(nobody.gid) })
        #expect(Set(lines[2].dropFirst()) == Set(nobody.groups.map(String.init)))
        #expect(lines[3] == ["CapEff:", "0000000000000000"])
    }

    @Test("an unprivileged process may name its own user, and no other", .enabled(if: geteuid() == 0))
    func foreignCredentials() throws {
        // Nobody runs this shell, which may not become root again: setgroups refuses.
        let nobody = try #require(try Credentials.named("nobody"))
        #expect(throws: Never.self) { try shell("true") { $0.credentials = nobody }.wait(until: soon()) }
        #expect(try Credentials.named("no-such-user-here") == nil)
        #expect(Credentials.current().uid == geteuid())
        #expect(Credentials.current().user == "root")
    }

    @Test("a child with a parent-death signal ends with the thread that started it, even as another user")
    func parentDeath() throws {
        let nobody = geteuid() == 0 ? try Credentials.named("nobody") : nil
        let started = Monitor<ChildProcess?>(nil)
        OSThread.start(name: "spawner") {
            let child = try? shell("exec sleep 100") {
                $0.parentDeathSignal = .kill
                $0.credentials = nobody
            }
            started.withLock { $0 = child }
            started.notifyAll()
        }
        let child = try #require(started.wait(until: soon()) { $0 })
        #expect(child.wait(until: soon())?.status == .signaled(.kill, coreDumped: false))
    }

    @Test("many threads start programs at once and each gets its own")
    func manyThreads() throws {
        let results = Monitor<[Int32]>([])
        for number in 0..<8 as Range<Int32> {
            OSThread.start(name: "spawner-\(number)") {
                for _ in 0..<10 {
                    let report = try? shell("exit \(number)").wait(until: soon())
                    results.withLock { $0.append(report?.status == .exited(number) ? number : -1) }
                    results.notifyAll()
                }
            }
        }
        let all = try #require(results.wait(until: soon()) { $0.count == 80 ? $0 : nil })
        #expect(!all.contains(-1))
    }
}
