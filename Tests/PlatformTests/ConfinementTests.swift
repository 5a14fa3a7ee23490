import Glibc
import Platform
import TestSupport
import Testing

@Suite("What a child may use, and how urgent it is", .ownThread)
struct ConfinementTests {
    @Test("each limit is the child's alone, and it cannot raise it")
    func limits() throws {
        let script =
            "ulimit -Sn; ulimit -Hn; ulimit -St; ulimit -Ht; ulimit -c; grep -E 'processes|Max file size' /proc/self/limits"
        let ours = try output(of: script)
        let text = try output(of: script) {
            $0.limits = [
                ResourceLimit(.openFiles, 99), ResourceLimit(.cpuTime, 7), ResourceLimit(.core, 0),
                ResourceLimit(.processes, 4000), ResourceLimit(.fileSize, 1 << 20),
            ]
        }
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(lines.prefix(5) == ["99", "99", "7", "12", "0"])
        #expect(
            lines.suffix(2) == ["Max file size 1048576 1048576 bytes", "Max processes 4000 4000 processes"])
        #expect(try output(of: script) == ours)
    }

    @Test("too much CPU time is ended by SIGXCPU, too large a file by SIGXFSZ")
    func signals() throws {
        let burner = try shell("while :; do :; done") { $0.limits = [ResourceLimit(.cpuTime, 1)] }
        guard case .signaled(let signal, _)? = burner.wait(until: .now().advanced(bySeconds: 120))?.status else {
            return #expect(Bool(false), "it was not ended")
        }
        #expect(signal.description == "SIGXCPU")
        let scratch = TemporaryDirectory()
        // Of dd, since a shell's own redirection of a builtin ignores it.
        let writer = try shell("exec dd if=/dev/zero of=\(scratch.path)/file bs=4096 count=100 2>/dev/null") {
            $0.limits = [ResourceLimit(.fileSize, 8192), ResourceLimit(.core, 0)]
        }
        #expect(writer.wait(until: soon())?.status == .signaled(Signal(number: SIGXFSZ), coreDumped: false))
    }

    @Test("a limit of processes keeps the child from forking, and not from being started", .enabled(if: geteuid() == 0))
    func processes() throws {
        let nobody = try #require(try Credentials.named("nobody"))
        let fork = """
            exec python3 -c '
            import os
            try: os._exit(0) if os.fork() == 0 else print("forked")
            except BlockingIOError: print("none")'
            """
        let text = try output(of: fork) {
            $0.credentials = nobody
            $0.limits = [ResourceLimit(.processes, 1)]
        }
        #expect(text == "none\n")
    }

    @Test("limits hold for another user as they do for ours", .enabled(if: geteuid() == 0))
    func otherUser() throws {
        let nobody = try #require(try Credentials.named("nobody"))
        let kept = try output(of: "ulimit -Hn") {
            $0.credentials = nobody
            $0.limits = [ResourceLimit(.openFiles, 64)]
        }
        #expect(kept == "64\n")
    }

    @Test("umask, nice and ionice are the child's")
    func priorities() throws {
        let own = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
        #expect(try output(of: "umask; nice") == output(of: "umask; nice"))
        let text = try output(of: "umask; nice; ionice") {
            $0.fileModeMask = 0o027
            $0.nice = 11
            $0.ioPriority = .idle
        }
        #expect(text == "0027\n11\nidle\n")
        #expect(try output(of: "ionice") { $0.ioPriority = .bestEffort(6) } == "best-effort: prio 6\n")
        #expect(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) == own)
    }

    @Test("a group in place of the user's own leaves the user's others", .enabled(if: geteuid() == 0))
    func group() throws {
        let daemon = try #require(try Credentials.group(named: "daemon"))
        let nobody = try #require(try Credentials.named("nobody"))
        let text = try output(of: "id -u; id -g; id -G") { $0.credentials = nobody.with(gid: daemon) }
        let rest = nobody.groups.filter { $0 != nobody.gid && $0 != daemon }
        #expect(text == "\(nobody.uid)\n\(daemon)\n\(([daemon] + rest).map(String.init).joined(separator: " "))\n")
        #expect(try Credentials.group(named: "no-such-group-here") == nil)
    }

    @Test("what gains a program privileges gains a child none", .enabled(if: geteuid() == 0))
    func setUserID() throws {
        let nobody = try #require(try Credentials.named("nobody"))
        let scratch = TemporaryDirectory(in: "/var/tmp")
        chmod(scratch.path, 0o755)
        let program = Program.run(["/bin/cp", "/usr/bin/id", "\(scratch.path)/id"])
        #expect(program.code == 0)
        #expect(chmod("\(scratch.path)/id", 0o4755) == 0)
        func uid(noNewPrivileges: Bool) throws -> String {
            try output(of: "\(scratch.path)/id -u") {
                $0.credentials = nobody
                $0.noNewPrivileges = noNewPrivileges
            }
        }
        #expect(try uid(noNewPrivileges: true) == "\(nobody.uid)\n")
        // A file system mounted nosuid would make the test prove nothing.
        #expect(try uid(noNewPrivileges: false) == "0\n")
    }
}
