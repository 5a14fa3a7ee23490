import Foundation
import Glibc
import Platform
import Redis
import TestSupport
import Testing

/// What dies, freezes or is replaced at a bad moment. Each waits more than it works, so they run side by side.
@Suite("Processes that die, freeze or come too late cost no job", .ownThread)
struct ProcessTests {
    private static let slow = """
        concurrency: 3
        timeout: 20
        handlers:
          served: { command: [./serve.py], classes: ["*"], mode: serve }
        """

    @Test("SIGKILL of everything in the middle of a stop: the next start does the jobs that were not let end")
    func killedWhileStopping() throws {
        try Scene.run(Self.slow) { scene in
            for jid in ["a", "b", "c"] { try scene.jobs.push(Jobs.payload("Sleep", jid, args: "[3]")) }
            eventually(within: 30, "all three run") { scene.ledger.count == 3 }
            let lease = try scene.jobs.call("ZRANGE", "martlet:processes", "0", "0", "WITHSCORES").pairs?.first
            scene.daemon.signal(.terminate)
            eventually(within: 10, "it says that it stops") { scene.daemon.log.contains("SIGTERM") }
            try eventually(within: 10, "the lease is renewed while it drains") {
                let now = try scene.jobs.call("ZRANGE", "martlet:processes", "0", "0", "WITHSCORES").pairs?.first
                return now?.name == lease?.name && (now?.value.number ?? 0) > (lease?.value.number ?? 0)
            }
            scene.daemon.end()
            #expect(scene.daemon.survivors.isEmpty)
            #expect(scene.done.isEmpty)
            let start = MonotonicTime.now()
            scene.daemon.start()
            eventually(within: 30, "all three run again") { scene.ledger.count { $0.hasPrefix("start") } == 6 }
            print("faults: killed while stopping: back \(rounded(since: start)) s after the next start began")
            eventually(within: 30, "all three are done") { scene.done.count == 3 }
            try scene.finish()
            #expect(scene.ledger.count { $0.hasPrefix("end") } == 3, "each once")
        }
    }

    @Test("TSTP, then TERM: nothing more is fetched, what runs ends, the rest stays in its queue")
    func quietThenStop() throws {
        try Scene.run(Self.slow) { scene in
            for jid in ["a", "b", "c"] { try scene.jobs.push(Jobs.payload("Sleep", jid, args: "[2]")) }
            eventually(within: 30, "all three run") { scene.ledger.count == 3 }
            scene.daemon.signal(.stopTerminal)
            eventually(within: 10, "it says so") { scene.daemon.log.contains("SIGTSTP") }
            FaultRun.pause(0.3)
            let later = (0..<5).map { Jobs.payload("Work", "later\($0)") }
            for payload in later { try scene.jobs.push(payload) }
            scene.daemon.signal(.terminate)
            #expect(scene.daemon.waitForExit(within: 30) == .exited(0))
            try scene.expectNothing(left: ["queue:default"])
            #expect(scene.done.sorted() == ["a", "b", "c"])
            let texts = try scene.jobs.texts()
            #expect(texts == later)
        }
    }

    @Test("a supervisor is killed and another one starts at once: no job runs beside its first run")
    func quickSuccessor() throws {
        // A handler that finds another one at the same job says so.
        let alone = """
            #!/bin/sh
            exec 9> "lock.$MARTLET_JID"
            flock -n 9 || { echo "doubled $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger; exit 1; }
            trap '' TERM
            echo "start $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
            sleep 4
            echo "end $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT" >> ledger
            """
        let configuration = """
            concurrency: 4
            timeout: 20
            handlers:
              alone: { command: [./alone.sh], classes: [Alone] }
            """
        try Scene.run(configuration, files: ["alone.sh": alone]) { scene in
            let jids = ["a", "b", "c", "d"]
            for jid in jids { try scene.jobs.push(Jobs.payload("Alone", jid)) }
            eventually(within: 30, "all run") { scene.ledger.count == 4 }
            for _ in 0..<2 {
                scene.daemon.signal(.kill)
                scene.daemon.waitForExit()
                scene.daemon.start()
            }
            eventually(within: 60, "all are done: \(scene.ledger) \(scene.daemon.log.suffix(1500))") {
                scene.done.count == 4
            }
            #expect(scene.ledger.count { $0.hasPrefix("doubled") } == 0, "\(scene.ledger)")
            #expect(jids.allSatisfy { scene.ends($0) == 1 })
            try scene.finish()
        }
    }

    @Test("kill -9 of the scheduler while 10,000 jobs are due: each is in its queue, once")
    func promoteUnderKills() throws {
        try Scene.run(Self.slow) { scene in
            scene.daemon.signal(.stopTerminal)
            eventually(within: 10, "it is quiet") { scene.daemon.log.contains("SIGTSTP") }
            let count = 10_000
            for start in stride(from: 0, to: count, by: 500) {
                var command = RedisCommand(["ZADD", start.isMultiple(of: 1000) ? "schedule" : "retry"])
                for number in start..<(start + 500) {
                    command.add("1")
                    command.add(Array(Jobs.payload("Work", "due\(number)").utf8))
                }
                _ = try scene.jobs.redis.call(command).accepted()
            }
            var killed: Set<Int32> = []
            try eventually(within: 120, "all are promoted") {
                // Some hundred jobs are moved by each before it dies.
                for pid in scene.daemon.schedulers where killed.count < 5 && !killed.contains(pid) {
                    let before = try scene.jobs.call("LLEN", "queue:default").integer ?? 0
                    FaultRun.pause(0.02)
                    guard try (scene.jobs.call("LLEN", "queue:default").integer ?? 0) > before else { continue }
                    kill(pid, SIGKILL)
                    killed.insert(pid)
                }
                return try scene.jobs.call("ZCARD", "schedule").integer == 0
                    && scene.jobs.call("ZCARD", "retry").integer == 0
            }
            let names = try scene.jobs.queue().map { Jobs.object($0)["jid"] as? String ?? "" }
            #expect(names.count == count)
            #expect(Set(names).count == count, "each once")
            #expect(killed.count >= 2, "\(killed.count) schedulers were killed in the act")
            try scene.finish(leaving: ["queue:default"])
        }
    }

    @Test(
        "a host vanishes: another one, which starts later, does its jobs within 30 s",
        .enabled(if: FaultRun.hasNamespaces, "needs root and namespaces"))
    func otherHost() throws {
        func host(_ name: String) -> [String] {
            ["/usr/bin/unshare", "--uts", "/bin/sh", "-c", #"hostname "$0" && exec "$@""#, name]
        }
        try Scene.run(Self.slow, wrapper: host("first")) { scene in
            let second = Daemon(Self.slow, server: scene.server, files: Programs.all, wrapper: host("second"))
            defer { second.end() }
            for jid in ["a", "b", "c"] { try scene.jobs.push(Jobs.payload("Sleep", jid, args: "[60]")) }
            eventually(within: 30, "all three run") { scene.ledger.count == 3 }
            #expect(try scene.jobs.keys("martlet:reservations:first:*").count == 1)
            let start = MonotonicTime.now()
            // At one instant, as far as that can be had: nobody is left who could give back a job.
            kill(scene.daemon.pid, SIGSTOP)
            for pid in scene.daemon.schedulers + scene.daemon.workers { kill(pid, SIGKILL) }
            scene.daemon.end()
            FaultRun.pause(3)
            second.start()
            eventually(within: 60, "they run again: \(second.log)") { second.lines(of: "ledger").count == 3 }
            let seconds = MonotonicTime.now().seconds(since: start)
            print("faults: host gone: its jobs run again after \(rounded(since: start)) s")
            #expect(seconds <= 30)
            #expect(seconds >= 5, "a lease was waited for: nobody may take jobs from who may live")
            second.stop()
        }
    }

    @Test("a worker stopped for half a lease goes on, and nobody has taken its jobs")
    func stoppedBriefly() throws {
        try Scene.run("processes: 2\n" + Self.slow) { scene in
            for jid in ["a", "b", "c", "d"] { try scene.jobs.push(Jobs.payload("Sleep", jid, args: "[12]")) }
            eventually(within: 30, "all run") { scene.ledger.count == 4 }
            let victim = try #require(scene.daemon.workers.first)
            kill(victim, SIGSTOP)
            FaultRun.pause(10)
            kill(victim, SIGCONT)
            eventually(within: 30, "all are done") { scene.done.count == 4 }
            try eventually(within: 20, "all is settled") { try scene.jobs.reserved() == 0 }
            #expect(scene.ledger.count == 8, "each once")
            #expect(try scene.jobs.number("stat:processed") == 4)
            #expect(!scene.daemon.log.contains("too late") && !scene.daemon.log.contains("taken for dead"))
            try scene.finish()
        }
    }

    @Test(
        "a worker stopped for one and a half leases is fenced: its late results change nothing, and are told and counted"
    )
    func stoppedLong() throws {
        try Scene.run("processes: 2\n" + Self.slow) { scene in
            let jids = ["a", "b", "c", "d"]
            for jid in jids { try scene.jobs.push(Jobs.payload("Sleep", jid, args: "[6]")) }
            eventually(within: 30, "all run") { scene.ledger.count == 4 }
            let identities = try scene.jobs.keys("martlet:reservations:*")
            try #require(identities.count == 2, "both workers have some")
            let victim = try #require(scene.daemon.workers.first)
            let held = try scene.jobs.call("HLEN", identities.first { $0.contains(":\(victim):") } ?? "").integer ?? 0
            kill(victim, SIGSTOP)
            let start = MonotonicTime.now()
            eventually(within: 60, "the other one runs them again") {
                scene.ledger.count { $0.hasPrefix("start") } == 4 + held
            }
            print("faults: worker frozen: its jobs run again elsewhere after \(rounded(since: start)) s")
            #expect(MonotonicTime.now().seconds(since: start) <= 30)
            FaultRun.pause(FaultRun.isFull ? 70 : 6)  // Five leases in all, or one and a half.
            kill(victim, SIGCONT)
            eventually(within: 30, "it says that it was taken for dead: \(scene.daemon.log.suffix(1500))") {
                scene.daemon.log.contains("taken for dead")
                    && scene.daemon.lines(of: "log").count { $0.contains("result came too late") } == held
            }
            try eventually(within: 30, "all is settled") { try scene.jobs.reserved() == 0 }
            #expect(try scene.jobs.number("stat:processed") == 4, "a late result counts as no run")
            #expect(try scene.jobs.number("martlet:stat:late") == held)
            #expect(scene.daemon.martlet(["status"]).output.contains("late \(held) "))
            #expect(try scene.jobs.members(of: "dead").isEmpty && scene.jobs.members(of: "retry").isEmpty)
            for number in 0..<6 { try scene.jobs.push(Jobs.payload("Work", "after\(number)")) }
            eventually(within: 30, "both work on") { scene.done.count == 4 + 6 }
            #expect(scene.daemon.workers.contains(victim), "it lives")
            try eventually(within: 10, "both hold a lease") {
                try scene.jobs.call("ZCARD", "martlet:processes").integer == 2
            }
            try scene.finish()
        }
    }

    @Test("workers that are killed as soon as they are there: few starts a second, and work when it ends")
    func crashLoop() throws {
        try Scene.run(Self.slow) { scene in
            var killed: Set<Int32> = []
            let end = MonotonicTime.now().advanced(bySeconds: FaultRun.seconds(12, full: 60))
            while MonotonicTime.now() < end {
                for pid in scene.daemon.workers where kill(pid, SIGKILL) == 0 { killed.insert(pid) }
                FaultRun.pause(0.01)
            }
            let starts = killed.count
            print("faults: crash loop: \(starts) starts in \(Int(FaultRun.seconds(12, full: 60))) s")
            // 1 + 2 + 4 … s between them once there were six in ten seconds.
            #expect(starts <= 14)
            try scene.jobs.push(Jobs.payload("Work", "after"))
            eventually(within: 70, "it works again") { scene.done == ["after"] }
            try scene.finish()
        }
    }

    private func rounded(since start: MonotonicTime) -> Double {
        (MonotonicTime.now().seconds(since: start) * 100).rounded() / 100
    }
}
