import Foundation
import Glibc
import Platform
import Redis
import TestSupport
import Testing

/// Clocks that jump, differ or begin at odd places. What is due and who is dead is judged by Redis's clock, how long
/// something takes by one that never jumps.
@Suite("Wrong clocks neither start jobs at the wrong time nor take them from who lives", .ownThread)
struct TimeTests {
    private static let configuration = """
        concurrency: 4
        timeout: 5
        handlers:
          served: { command: [./serve.py], classes: ["*"], mode: serve, threads: 4 }
          limited: { command: [./serve.py], classes: [Sleep], mode: serve, threads: 1, timeout: 4s }
        """

    @Test(
        "the time of day jumps by an hour and by 90 s, forward and back: nothing starts early, nobody is taken for dead"
    )
    func jumps() throws {
        let clock = FakeClock()
        try Scene.run(Self.configuration, environment: clock.environment) { scene in
            #expect(scene.daemon.workers.allSatisfy { Program.text(of: "/proc/\($0)/environ").contains("clock.so") })
            let start = try scene.jobs.now()
            for number in 0..<50 {
                try scene.jobs.call("ZADD", "schedule", "\(start + 1800)", Jobs.payload("Work", "later\(number)"))
                try scene.jobs.call("ZADD", "retry", "\(start + 80)", Jobs.payload("Work", "soon\(number)"))
            }
            var number = 0
            for offset in [3600.0, -3600, 90, -90, 0] {
                number += 1
                try scene.jobs.push(
                    Jobs.payload("Time", "time\(number)"), Jobs.payload("Sleep", "sleep\(number)", args: "[2]"),
                    Jobs.payload("Fail", "fail\(number)"), Jobs.payload("Snooze", "snooze\(number)", args: "[100]"))
                eventually(within: 30, "it runs") { scene.starts("sleep\(number)") == 1 }
                clock.set(offsetSeconds: offset)
                try scene.jobs.push(Jobs.payload("Work", "work\(number)"), Jobs.payload("Fail", "again\(number)"))
                try scene.jobs.call(
                    "ZADD", "schedule", "\(try scene.jobs.now() + 1)", Jobs.payload("Work", "due\(number)"))
                eventually(within: 30, "what was due by Redis's clock is done at \(offset)") {
                    scene.ends("work\(number)") == 1 && scene.ends("due\(number)") == 1
                        && scene.ends("sleep\(number)") == 1
                }
                let now = try scene.jobs.now()
                let lease = try scene.jobs.call("ZRANGE", "martlet:processes", "0", "0", "WITHSCORES").pairs?.first
                #expect((lease?.value.number ?? 0) / 1000 > now + 8, "beats go on")
                for (set, delay) in [("retry", 15.0...46), ("schedule", 95.0...101)] {
                    for jid in set == "retry" ? ["fail\(number)", "again\(number)"] : ["snooze\(number)"] {
                        let score = try #require(try scene.jobs.score(jid, in: set))
                        #expect((delay.lowerBound - 10...delay.upperBound).contains(score - now), "\(jid) at \(offset)")
                    }
                }
            }
            // A limit of 4 s is one of 4 s, although an hour passes meanwhile.
            try scene.jobs.push(Jobs.payload("Sleep", "limited", args: "[60]"))
            eventually(within: 30, "it runs") { scene.starts("limited") == 1 }
            let began = MonotonicTime.now()
            clock.set(offsetSeconds: 3600)
            try eventually(within: 30, "its time is over") { try scene.jobs.object("limited", in: "retry") != nil }
            let seconds = MonotonicTime.now().seconds(since: began)
            #expect((3...(4 + 2 * StopTests.machine)).contains(seconds), "\(seconds)")
            #expect(scene.ledger.count { $0.contains(" later") || $0.contains(" soon") } == 0, "nothing is early")
            #expect(!scene.daemon.log.contains("rescued") && !scene.daemon.log.contains("taken for dead"))
            #expect(!scene.daemon.log.contains("waiting for Redis"))
            #expect(scene.daemon.stop() == .exited(0))
            try scene.jobs.call("DEL", "schedule", "retry")
            try scene.expectNothing()
        }
    }

    @Test("two daemons ten minutes apart: each does its jobs at their time, and neither takes the other's")
    func apart() throws {
        let (ahead, behind) = (FakeClock(), FakeClock())
        ahead.set(offsetSeconds: 300)
        behind.set(offsetSeconds: -300)
        try Scene.run(Self.configuration, environment: ahead.environment) { scene in
            let other = Daemon(
                Self.configuration, server: scene.server, files: Programs.all, environment: behind.environment)
            defer { other.end() }
            other.start()
            func lines() -> [String] { scene.ledger + other.lines(of: "ledger") }
            let start = try scene.jobs.now()
            for number in 0..<20 {
                try scene.jobs.call("ZADD", "schedule", "\(start + 4)", Jobs.payload("Time", "due\(number)"))
                try scene.jobs.call("ZADD", "schedule", "\(start + 60)", Jobs.payload("Work", "later\(number)"))
                try scene.jobs.push(Jobs.payload("Fail", "fail\(number)"))
            }
            eventually(within: 30, "what is due is done") { lines().count { $0.hasPrefix("end Time") } == 20 }
            let times = lines().filter { $0.hasPrefix("time ") }.compactMap { Double($0.split(separator: " ")[3]) }
            #expect(times.allSatisfy { (start + 4...start + 5 + StopTests.machine).contains($0) }, "\(times)")
            try eventually(within: 30, "all retries wait") { try scene.jobs.members(of: "retry").count == 20 }
            let delays = try scene.jobs.members(of: "retry").map { $0.score - start }
            #expect(delays.allSatisfy { (15.0...50).contains($0) }, "\(delays)")
            FaultRun.pause(max(0, 22 - (try scene.jobs.now() - start)))  // Longer than a lease.
            #expect(!(scene.daemon.log + other.log).contains("rescued"))
            #expect(!lines().contains { $0.contains(" later") })
            #expect(other.stop() == .exited(0))
            #expect(scene.daemon.stop() == .exited(0))
            // Retries that came due while the daemons stopped wait in their queue.
            try scene.jobs.call("DEL", "schedule", "retry", "queue:default")
            try scene.expectNothing()
        }
    }

    @Test(
        "a machine that is up for more than a hundred years",
        .enabled(if: FaultRun.hasNamespaces, "needs root and namespaces"))
    func oldMachine() throws {
        // More seconds than fit in 32 bits.
        let age = "4400000000"
        let wrapper = ["/usr/bin/unshare", "-T", "--monotonic", age, "--boottime", age]
        try Scene.run("processes: 2\n" + Self.configuration, wrapper: wrapper) { scene in
            try scene.jobs.push(
                Jobs.payload("Work", "a"), Jobs.payload("Sleep", "b", args: "[1]"), Jobs.payload("Fail", "c"),
                Jobs.payload("Sleep", "killed", args: "[2]"))
            try scene.jobs.call("ZADD", "schedule", "\(try scene.jobs.now() + 2)", Jobs.payload("Work", "due"))
            eventually(within: 30, "it runs") { scene.starts("killed") == 1 }
            for pid in scene.daemon.workers { kill(pid, SIGKILL) }
            eventually(within: 30, "all are done: \(scene.daemon.log.suffix(1500))") {
                Set(scene.done).isSuperset(of: ["a", "b", "killed", "due"])
            }
            try eventually(within: 10, "the failed one waits") { try scene.jobs.score("c", in: "retry") != nil }
            let delay = try #require(try scene.jobs.score("c", in: "retry")) - scene.jobs.now()
            #expect((0.0...26).contains(delay))
            try scene.jobs.call("DEL", "retry")
            try scene.finish()
        }
    }

    @Test("times beyond all calendars, before them, or none at all: due ones run, the others stay where they are")
    func oddTimes() throws {
        try Scene.run(Self.configuration) { scene in
            for set in ["schedule", "retry"] {
                for score in ["-inf", "-1e18", "-5", "0"] {
                    try scene.jobs.call("ZADD", set, score, Jobs.payload("Work", "due\(set)\(score)"))
                }
                for score in ["+inf", "1e18", "4102444800", "1.7e308"] {  // The third one is the year 2100.
                    try scene.jobs.call("ZADD", set, score, Jobs.payload("Work", "later\(set)\(score)"))
                }
            }
            let odd = [#""soon""#, "1e18", "1e400", "-5", "null", "[]", "4102444800", "true"]
            for (number, value) in odd.enumerated() {
                // In a queue a job is due whatever it says; in the schedule its score counts.
                try scene.jobs.push(Jobs.payload("Work", "queued\(number)", more: #","at":\#(value)"#))
                try scene.jobs.call(
                    "ZADD", "schedule", "1", Jobs.payload("Work", "scheduled\(number)", more: #","at":\#(value)"#))
                try scene.jobs.push(
                    Jobs.payload(
                        "Fail", "failing\(number)",
                        more: #","failed_at":\#(value),"retried_at":\#(value),"retry_for":\#(value)"#))
            }
            for (number, seconds) in ["1e18", "2147483648", "1e400"].enumerated() {
                try scene.jobs.push(Jobs.payload("Snooze", "snooze\(number)", args: "[\(seconds)]"))
            }
            eventually(within: 30, "all that are due are done: \(scene.daemon.log.suffix(1500))") {
                scene.done.filter { !$0.hasPrefix("snooze") }.count == 2 * 4 + 2 * odd.count
            }
            try eventually(within: 30, "nothing is reserved") { try scene.jobs.reserved() == 0 }
            #expect(!scene.ledger.contains { $0.contains("later") })
            #expect(try scene.jobs.members(of: "retry").count >= 4)
            try eventually(within: 20, "every failing job waits or is dead: \(scene.daemon.log.suffix(1500))") {
                try scene.jobs.members(of: "retry").count + scene.jobs.members(of: "dead").count >= 4 + odd.count
            }
            let workers = scene.daemon.workers
            try scene.jobs.push(Jobs.payload("Work", "after"))
            eventually(within: 30, "work goes on") { scene.ends("after") == 1 }
            #expect(scene.daemon.workers == workers, "nobody died")
            #expect(scene.daemon.martlet(["status", "--json"]).code == 0)
            try scene.jobs.call("DEL", "schedule", "retry", "dead")
            try scene.finish()
        }
    }
}
