import Foundation
import Glibc
import Platform
import Redis
import TestSupport
import Testing

/// A machine that lacks something: room on a disk, descriptors, processes, a directory to write to, a reader of the log.
@Suite("A machine that lacks something: it is said, and no job is lost", .ownThread)
struct MachineTests {
    private static let served = """
        concurrency: 20
        timeout: 5
        handlers:
          served: { command: [./serve.py], classes: ["*"], mode: serve }
        """

    @Test("no room for the log: jobs are done all the same", arguments: ["text", "json"])
    func fullLog(format: String) throws {
        let wrapper = ["/bin/sh", "-c", #"exec "$@" > /dev/full 2>&1"#, "sh"]
        try Scene.run(
            Self.served + "\nlog: { format: \(format), level: debug }\n", wrapper: wrapper, starting: false
        ) { scene in
            scene.daemon.launch()
            for number in 0..<200 { try scene.jobs.push(Jobs.payload("Work", "w\(number)")) }
            eventually(within: 60, "all are done") { scene.done.count == 200 }
            try scene.finish()
        }
    }

    @Test("nobody reads the log, and its pipe is full: jobs are done as ever, and a stop is as quick as ever")
    func blockedLog() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/log"
        try #require(mkfifo(path, 0o600) == 0)
        let reader = FileDescriptor(open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC))
        let wrapper = ["/bin/sh", "-c", #"exec "$@" > "$0" 2>&1"#, path]
        try Scene.run(
            "processes: 2\n" + Self.served + "\nlog: { level: debug }\n", wrapper: wrapper, starting: false
        ) { scene in
            scene.daemon.launch()
            let start = MonotonicTime.now()
            for number in 0..<1500 { try scene.jobs.push(Jobs.payload("Work", "w\(number)")) }
            eventually(within: 90, "all are done") { scene.done.count == 1500 }
            let seconds = MonotonicTime.now().seconds(since: start)
            // The supervisor, too, has more to say than a pipe holds.
            for _ in 0..<3 {
                let workers = scene.daemon.workers
                for pid in workers { kill(pid, SIGKILL) }
                eventually(within: 30, "others are started") {
                    scene.daemon.workers.count == 2 && Set(scene.daemon.workers).isDisjoint(with: workers)
                }
            }
            try scene.jobs.push(Jobs.payload("Work", "after"))
            eventually(within: 30, "work goes on") { scene.ends("after") == 1 }
            print("faults: blocked log: 1,500 jobs in \((seconds * 10).rounded() / 10) s")
            // Each process gives its log a second at its end: workers, then the scheduler, then the supervisor.
            let stop = MonotonicTime.now()
            try scene.finish()
            #expect(MonotonicTime.now().seconds(since: stop) <= 5 + StopTests.machine)
        }
        withExtendedLifetime(reader) {}
    }

    @Test(
        "the journal takes nothing more: nobody waits for it",
        .enabled(if: FaultRun.hasNamespaces, "needs root and namespaces"))
    func blockedJournal() throws {
        let directory = TemporaryDirectory()
        let journal = try DeafSocket("\(directory.path)/socket")
        let script = #"mkdir -p /run/systemd/journal && mount --bind "$0" /run/systemd/journal && exec "$@""#
        let wrapper = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, directory.path]
        try Scene.run(
            "processes: 2\n" + Self.served + "\nlog: { format: journal, level: debug }\n", wrapper: wrapper,
            starting: false
        ) { scene in
            scene.daemon.launch()
            for number in 0..<200 { try scene.jobs.push(Jobs.payload("Work", "w\(number)")) }
            eventually(within: 60, "all are done") { scene.done.count == 200 }
            for round in 1...3 {
                let workers = scene.daemon.workers
                for pid in workers { kill(pid, SIGKILL) }
                eventually(within: 20, "others are started, round \(round)") {
                    scene.daemon.workers.count == 2 && Set(scene.daemon.workers).isDisjoint(with: workers)
                }
            }
            try scene.jobs.push(Jobs.payload("Work", "after"))
            eventually(within: 30, "work goes on") { scene.ends("after") == 1 }
            let stop = MonotonicTime.now()
            try scene.finish()
            #expect(MonotonicTime.now().seconds(since: stop) <= 3 + StopTests.machine)
        }
        withExtendedLifetime(journal) {}
    }

    @Test("64 open files and no more: what cannot be started says so, and every job is done in the end")
    func fewDescriptors() throws {
        try Scene.run(Self.served, wrapper: ["/usr/bin/prlimit", "--nofile=64:64"]) { scene in
            let jids = (0..<60).map { "w\($0)" }
            try scene.jobs.push(jids.map { Array(Jobs.payload("Sleep", $0, args: "[0.2]").utf8) })
            try eventually(within: 90, "all are done: \(scene.daemon.log.suffix(1500))") {
                try scene.jobs.makeDue("retry")
                return scene.done.count == jids.count
            }
            let failures = scene.daemon.lines(of: "log").filter { $0.contains("StartFailed") }
            print("faults: 64 descriptors: \(failures.count) of 60 jobs met the limit: \(failures.first ?? "-")")
            #expect(failures.allSatisfy { $0.contains("Too many open files") }, "\(failures.first ?? "")")
            try eventually(within: 20, "nothing is reserved") { try scene.jobs.reserved() == 0 }
            #expect(jids.allSatisfy { scene.ends($0) == 1 })
            #expect(scene.daemon.log.contains("ready"))
            try scene.finish()
        }
    }

    @Test(
        "no more processes and threads: what cannot be started says so, and every job is done in the end",
        .enabled(if: FaultRun.hasNamespaces, "needs root and namespaces"))
    func fewProcesses() throws {
        // Of a user nobody else is: supervisor, scheduler, a worker with some threads, and few handlers.
        let user = String(50_000 + Int.random(in: 0..<10_000))
        let server = RedisServer(["--unixsocketperm", "777"])
        let scene = try Scene(
            Self.served, server: server,
            wrapper: [
                "/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--inh-caps=-all",
                "/usr/bin/prlimit", "--nproc=24:24",
            ])
        defer {
            scene.daemon.end()
            server.stop()
        }
        for path in [scene.daemon.directory.path, scene.daemon.path("martlet.yml"), server.directory.path] {
            try #require(chmod(path, 0o1777) == 0)
        }
        scene.daemon.start()
        let jids = (0..<60).map { "w\($0)" }
        try scene.jobs.push(jids.map { Array(Jobs.payload("Sleep", $0, args: "[0.2]").utf8) })
        try eventually(within: 90, "all are done: \(scene.daemon.log.suffix(1500))") {
            try scene.jobs.makeDue("retry")
            return scene.done.count == jids.count
        }
        let failures = scene.daemon.lines(of: "log").filter { $0.contains("StartFailed") }
        print("faults: 24 processes: \(failures.count) of 60 jobs met the limit: \(failures.first ?? "-")")
        try eventually(within: 20, "nothing is reserved") { try scene.jobs.reserved() == 0 }
        #expect(jids.allSatisfy { scene.ends($0) == 1 })
        try scene.finish()
    }

    @Test(
        "/tmp is read-only: nothing of it is missed", .enabled(if: FaultRun.hasNamespaces, "needs root and namespaces"))
    func readOnlyTemporaries() throws {
        let script = #"""
            set -e
            here=$(pwd)
            mount --rbind /tmp /tmp
            mount --bind "$here" "$here"
            mount -o remount,bind,ro /tmp
            cd "$here"
            ! touch /tmp/martlet-was-here 2>/dev/null
            exec "$@"
            """#
        try Scene.run(Self.served, wrapper: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh"]) { scene in
            for number in 0..<50 { try scene.jobs.push(Jobs.payload("Work", "w\(number)")) }
            try scene.jobs.push(Jobs.payload("Fail", "f"))
            eventually(within: 60, "all are done") { scene.done.count == 50 }
            try eventually(within: 20, "the failed one waits") { try scene.jobs.members(of: "retry").count == 1 }
            try scene.finish(leaving: ["retry"])
        }
    }

    @Test(
        "no room for the data of an embedded Redis: it says why it does not start",
        .enabled(if: FaultRun.hasNamespaces, "needs root and namespaces"))
    func fullState() throws {
        let disk = try SmallDisk(kilobytes: 64)
        try disk.fill()
        let daemon = Daemon(
            "redis: embedded\n" + Self.served, server: nil, files: Programs.all,
            environment: ["STATE_DIRECTORY=\(disk.path)"])
        defer { daemon.end() }
        daemon.launch()
        let status = daemon.waitForExit(within: 60)
        #expect(status != nil && status != .exited(0), "it ends rather than pretend")
        #expect(daemon.log.contains("No space left on device"), "\(daemon.log)")
        #expect(daemon.survivors.isEmpty)
    }

    @Test(
        "eight busy loops on every core: no lease is lost, and nobody is taken for dead",
        .enabled(if: FaultRun.isFull, "it would slow down the other tests: make faults"))
    func busyMachine() throws {
        try Scene.run("processes: 2\n" + Self.served) { scene in
            let hog = try ProcessSpec(
                executable: "/bin/sh",
                arguments: [
                    "sh", "-c", "for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do while :; do :; done & done; wait",
                ]
            ).spawn()
            defer {
                ProcessTree.kill(hog.pid)
                _ = hog.wait(until: .now().advanced(bySeconds: 10))
            }
            for number in 0..<2000 { try scene.jobs.push(Jobs.payload("Work", "w\(number)")) }
            let end = MonotonicTime.now().advanced(bySeconds: 40)
            while MonotonicTime.now() < end { FaultRun.pause(0.5) }
            eventually(within: 60, "all are done") { scene.done.count == 2000 }
            #expect(!scene.daemon.log.contains("rescued") && !scene.daemon.log.contains("taken for dead"))
            #expect(scene.ledger.count == 4000, "each once")
            let pressure = Program.text(of: "/proc/pressure/cpu").split(separator: "\n").first ?? "none"
            print("faults: busy machine: \(pressure)")
            try scene.finish()
        }
    }
}

/// A datagram socket whose queue is full and that nobody reads.
final class DeafSocket {
    private let sockets: [Int32]

    init(_ path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let (deaf, caller) = (socket(AF_UNIX, kind, 0), socket(AF_UNIX, kind, 0))
        sockets = [deaf, caller]
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(deaf, $0, size) | connect(caller, $0, size) }
        }
        guard result == 0 else { throw SystemError.last("make a deaf socket") }
        while send(caller, "x", 1, Int32(MSG_DONTWAIT)) == 1 {}
    }

    deinit { for raw in sockets { close(raw) } }
}
