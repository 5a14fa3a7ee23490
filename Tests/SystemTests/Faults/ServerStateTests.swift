import Foundation
import Platform
import Redis
import TestSupport
import Testing

/// A real server in a real state, entered while the daemon works and left again. (`RefusalTests` has the proxy say each
/// code to each command instead.)
@Suite("A server that falls into a bad state and comes out of it costs no job", .ownThread)
struct ServerStateTests {
    @Test("it becomes a replica: its workers leave it, and come back when it is the master again")
    func replica() throws {
        try FaultScene.run { faults in
            try faults.pushOfEachKind()
            try faults.settle("at the beginning")
            // Of a master that does not answer: the data stay as they are, and nothing may be written.
            try faults.jobs.call("REPLICAOF", "127.0.0.1", String(try freePort()))
            eventually(within: 20, "both say why they wait: \(faults.daemon.log.suffix(800))") {
                faults.daemon.lines(of: "log").count { $0.contains("READONLY") } >= 2
            }
            let before = faults.proxy.attempts
            FaultRun.pause(3)
            #expect(faults.proxy.attempts - before <= 20, "it asks seldom")
            try faults.jobs.call("REPLICAOF", "NO", "ONE")
            try faults.pushOfEachKind()
            try faults.settle("when it is the master again")
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test("it loads a large file after a crash: waited for, with its reason, and no job is lost")
    func loading() throws {
        try FaultScene.run(options: ["--appendonly", "yes", "--appendfsync", "always"]) { faults in
            // While it loads it answers after each 1,024 commands of its file.
            try faults.jobs.call("CONFIG", "SET", "appendfsync", "no")
            for start in stride(from: 0, to: 40_000, by: 1000) {
                _ = try faults.jobs.redis.pipeline(
                    (start..<(start + 1000)).map { RedisCommand(["SET", "filler:\($0)", "f"]) })
            }
            try faults.jobs.call("CONFIG", "SET", "appendfsync", "always")
            for jid in ["s1", "s2"] {
                faults.ledger.add(.done, jid)
                try faults.jobs.push(Jobs.payload("Sleep", jid, args: "[2]"))
            }
            eventually(within: 30, "they run") { faults.scene.starts("s1") + faults.scene.starts("s2") == 2 }
            try faults.jobs.push(Jobs.payload("Work", faults.ledger.add(.done)))
            faults.server.stop()
            // 100 µs a command: 4 s.
            faults.server.start(moreOptions: ["--key-load-delay", "100"], isPatient: false)
            eventually(within: 20, "both say why they wait: \(faults.daemon.log.suffix(800))") {
                let lines = faults.daemon.lines(of: "log").filter { $0.contains("LOADING") }
                return lines.contains { $0.contains("worker") } && lines.contains { $0.contains("scheduler") }
            }
            let jobs = try faults.scene.reconnected()
            try eventually(within: 30, "what waited and what ran is done: \(faults.daemon.log.suffix(800))") {
                try faults.scene.done.count == 3 && jobs.reserved() == 0
            }
            #expect(try jobs.number("stat:processed") == 3)
            let lines = faults.daemon.lines(of: "log").filter { $0.contains("LOADING") }
            #expect(lines.count == 2, "once each: \(lines)")
            #expect(faults.daemon.stop() == .exited(0))
            #expect(faults.daemon.survivors.isEmpty)
        }
    }

    @Test("its password is changed while the daemon works, and put right again")
    func passwordOfUser() throws {
        let server = RedisServer()
        let endpoint = try server.admit()
        let daemon = Daemon(
            "redis: unix://\(endpoint.username ?? ""):secret@\(server.socketPath)\n" + FaultScene.configuration,
            server: nil, files: Programs.all)
        defer {
            daemon.end()
            server.stop()
        }
        let scene = Scene(server: server, daemon: daemon, jobs: try Jobs(server))
        daemon.start()
        let states: [(change: [String], back: [String], code: String)] = [
            // A user whose password changes keeps its connections; whoever connects anew is refused.
            ([">other", "<secret"], [">secret", "<other"], "WRONGPASS"),
            (["off"], ["on"], "WRONGPASS"),
            (["-evalsha", "-eval"], ["+evalsha", "+eval"], "NOPERM"),
            (["resetkeys"], AccessList.rules(of: "martlet").filter { $0.contains("~") }, "NOPERM"),
        ]
        for (number, state) in states.enumerated() {
            try scene.jobs.push(Jobs.payload("Sleep", "sleep\(number)", args: "[1]"))
            eventually(within: 40, "it runs: \(daemon.log.suffix(1500))") { scene.starts("sleep\(number)") == 1 }
            let said = daemon.lines(of: "log").count { $0.contains(state.code) }
            try scene.jobs.call(["ACL", "SETUSER", "martlet"] + state.change)
            try scene.jobs.call("CLIENT", "KILL", "USER", "martlet")
            eventually(within: 20, "it says \(state.code) at \(state.change): \(daemon.log.suffix(1500))") {
                daemon.lines(of: "log").count { $0.contains(state.code) } > said
            }
            let before = try scene.jobs.connections()
            FaultRun.pause(3)
            #expect(try scene.jobs.connections() - before <= 4, "it asks seldom")
            try scene.jobs.call(["ACL", "SETUSER", "martlet"] + state.back)
            try eventually(within: 60, "it is done after \(state.change): \(daemon.log.suffix(1500))") {
                try scene.ends("sleep\(number)") == 1 && scene.jobs.reserved() == 0
            }
        }
        #expect(try scene.jobs.number("stat:processed") == states.count)
        #expect(scene.ledger.count == 2 * states.count, "each once")
        // The scheduler, too, is let in by now or within 30 s.
        try scene.jobs.call("ZADD", "schedule", "1", Jobs.payload("Work", "due"))
        eventually(within: 60, "due jobs are promoted: \(daemon.log.suffix(1500))") { scene.ends("due") == 1 }
        try scene.finish()
    }

    @Test(
        "a server that sleeps, pauses its clients, is frozen, or turns everybody away for long: each job once",
        arguments: ["DEBUG SLEEP", "CLIENT PAUSE", "SIGSTOP", "refused"])
    func away(_ how: String) throws {
        let seconds = FaultRun.seconds(10, full: how == "DEBUG SLEEP" ? 61 : how == "refused" ? 60 : 20)
        try FaultScene.run(options: ["--enable-debug-command", "yes"]) { faults in
            for jid in ["s1", "s2"] {
                faults.ledger.add(.done, jid)
                try faults.jobs.push(Jobs.payload("Sleep", jid, args: "[2]"))
            }
            eventually(within: 30, "they run") { faults.scene.starts("s1") + faults.scene.starts("s2") == 2 }
            for _ in 0..<5 { try faults.pushOfEachKind() }
            switch how {
            case "DEBUG SLEEP":
                let connection = try faults.server.connect(timeout: seconds + 20)
                _ = try connection.call(RedisCommand(["DEBUG", "SLEEP", "\(seconds)"])).accepted()
            case "CLIENT PAUSE":
                try faults.jobs.call("CLIENT", "PAUSE", "\(Int(seconds * 1000))", "ALL")
                FaultRun.pause(seconds)
            case "SIGSTOP":
                faults.server.freeze()
                FaultRun.pause(seconds)
                faults.server.thaw()
            default:
                let before = faults.proxy.attempts
                faults.proxy.refuse(true)
                faults.proxy.cutAll()
                FaultRun.pause(seconds)
                // Two processes: five attempts each in the first 2 s, then one in 2.5 to 5 s.
                #expect(Double(faults.proxy.attempts - before) <= 12 + seconds)
                faults.proxy.refuse(false)
            }
            let start = MonotonicTime.now()
            try faults.settle("after \(how) for \(seconds) s", within: 60)
            let back = MonotonicTime.now().seconds(since: start)
            print("faults: \(how) for \(Int(seconds)) s: all jobs are done \((back * 100).rounded() / 100) s after it")
            #expect(back <= 5 + 5 + StopTests.machine, "the longest pause between attempts is 5 s")
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test("Redis is killed exactly while a handler fails: one retry, counted once, after it is back")
    func goneWhileFailing() throws {
        let configuration = """
            concurrency: 2
            timeout: 5
            handlers:
              fails: { command: [./fails.sh], classes: ["*"] }
            """
        let fails = """
            #!/bin/sh
            echo "start $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
            while [ ! -e go ]; do sleep 0.05; done
            exit 3
            """
        try Scene.run(
            configuration, files: ["fails.sh": fails], options: ["--appendonly", "yes", "--appendfsync", "always"]
        ) { scene in
            try scene.jobs.push(Jobs.payload("Fails", "f"))
            eventually(within: 30, "it runs") { scene.ledger.count == 1 }
            scene.server.stop()
            scene.daemon.write("", to: "go")
            eventually(within: 20, "it has failed") { scene.daemon.log.contains("retry in") }
            FaultRun.pause(1)
            scene.server.start()
            let jobs = try scene.reconnected()
            try eventually(within: 30, "it waits for its retry") {
                try jobs.members(of: "retry").count == 1 && jobs.reserved() == 0
            }
            #expect(try jobs.object("f", in: "retry")?["retry_count"] as? Int == 0, "the first failure")
            #expect(try jobs.number("stat:failed") == 1)
            #expect(try jobs.number("stat:processed") == 1)
            #expect(scene.daemon.stop() == .exited(0))
        }
    }

    @Test("any key of another type, one after the other: nothing is lost or spins, and it works when the key is mended")
    func polluted() throws {
        try FaultScene.run { faults in
            try faults.pushOfEachKind()
            try faults.settle("at the beginning")
            for key in [
                "processes", "queues", "dead", "schedule", "retry", "stat:processed", "stat:failed",
                "martlet:processes",
            ] {
                let isThere = try faults.jobs.call("EXISTS", key).integer == 1
                if isThere { try faults.jobs.call("RENAME", key, "aside") }
                try faults.jobs.call("SET", key, "I am not what I was")
                let (lines, ticks) = (faults.daemon.lines(of: "log").count, faults.scene.cpuTicks())
                let payloads = (0..<5).map { _ in Jobs.payload("Work", faults.ledger.add(.done)) }
                try faults.jobs.call(["LPUSH", "queue:default"] + payloads)
                // Without leases nobody may work.
                if key != "martlet:processes" { try faults.settle("although \(key) is a string") }
                FaultRun.pause(2)
                #expect(faults.scene.cpuTicks() - ticks < 100, "it does not spin on \(key)")
                let said = faults.daemon.lines(of: "log")[lines...].filter { !$0.contains(" done ") }
                #expect(said.count <= 6, "\(key): \(said)")
                try faults.jobs.call("DEL", key)
                if isThere { try faults.jobs.call("RENAME", "aside", key) }
                try faults.pushOfEachKind()
                try faults.settle("when \(key) is mended")
            }
            let wrong = faults.ledger.all.filter { !$0.value.isRight }
            #expect(wrong.isEmpty, "\(wrong)")
            try faults.finish()
        }
    }

    @Test(
        "a disk that is full for the append-only file: nothing that was answered is lost, and work goes on with room",
        .enabled(if: FaultRun.hasNamespaces, "needs root and namespaces"))
    func fullDisk() throws {
        let disk = try SmallDisk(kilobytes: 512)
        let server = RedisServer([
            "--dir", disk.path, "--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage",
            "0",
        ])
        defer { server.stop() }
        let scene = try Scene(FaultScene.configuration, server: server)
        defer { scene.daemon.end() }
        scene.daemon.start()
        let faults = try FaultScene(scene: scene, proxy: FaultProxy(server))
        defer { faults.proxy.stop() }
        try faults.pushOfEachKind()
        try faults.settle("at the beginning")
        try disk.fill()
        var refusal: RedisRefusal?
        try eventually(within: 20, "the server can write no more") {
            refusal = try scene.jobs.redis.call(RedisCommand(["SET", "filler", String(repeating: "x", count: 5000)]))
                .refusal
            return refusal != nil
        }
        #expect(refusal?.code == "MISCONF")
        eventually(within: 20, "the daemon says why it waits: \(scene.daemon.log.suffix(800))") {
            scene.daemon.log.contains("MISCONF")
        }
        let ticks = scene.cpuTicks()
        FaultRun.pause(2)
        #expect(scene.cpuTicks() - ticks < 60, "it waits and does not spin")
        try disk.empty()
        try eventually(within: 20, "the server can write again") {
            try scene.jobs.redis.call(RedisCommand(["DEL", "filler"])).refusal == nil
        }
        try faults.pushOfEachKind()
        try faults.settle("with room on the disk")
        try faults.proveExactly()
        try faults.finish()
    }
}

/// A file system of a given size, in memory; gone with this object.
final class SmallDisk {
    private let directory = TemporaryDirectory()
    var path: String { directory.path }

    init(kilobytes: Int) throws {
        let result = Program.run(["/usr/bin/mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", path])
        try #require(result.code == 0, "\(result.errors)")
    }

    deinit { _ = Program.run(["/usr/bin/umount", "-l", path]) }

    /// Takes all the room that is left.
    func fill() throws {
        let result = Program.run(["/usr/bin/dd", "if=/dev/zero", "of=\(path)/ballast", "bs=4k"])
        try #require(result.errors.contains("No space left"), "\(result.errors)")
    }

    func empty() throws { try FileManager.default.removeItem(atPath: "\(path)/ballast") }
}

extension Jobs {
    @discardableResult
    func call(_ words: [String]) throws -> RedisReply { try redis.call(RedisCommand(words)).accepted() }

    /// Connections that the server has taken since its start.
    func connections() throws -> Int {
        let line = try call("INFO", "stats").text?.split(whereSeparator: \.isNewline)
            .first { $0.hasPrefix("total_connections_received:") }
        return line.flatMap { Int($0.drop { $0 != ":" }.dropFirst()) } ?? 0
    }
}

extension Scene {
    /// A new connection of the test's own, after the server was gone.
    func reconnected() throws -> Jobs {
        eventually(within: 60, "the server answers") { (try? Jobs(server).call("PING")) != nil }
        return try Jobs(server)
    }
}
