import Foundation
import Platform
import Redis
import TestSupport
import Testing

/// What operators, other clients and bad days do to a server under load.
@Suite("Redis in trouble: the daemon lives, and lives on")
struct RedisTroubleTests {
    private static let quick = """
        processes: 2
        concurrency: 5
        timeout: 5
        queues: [broken, default]
        handlers:
          quick: { command: [\(QuickHandler.path), "5"], classes: [Quick], mode: serve }
          served: { command: [./serve.py], classes: ["*"], mode: serve }
        """

    @Test("SCRIPT FLUSH every 50 ms while 2,000 jobs run: each is done once")
    func forgottenScripts() throws {
        try Scene.run(Self.quick) { scene in
            let jids = (0..<2000).map { "q\($0)" }
            try scene.jobs.push(jids.map { Array(Jobs.payload("Quick", $0).utf8) })
            var flushes = 0
            try eventually(within: 60, "all of them are done") {
                try scene.jobs.call("SCRIPT", "FLUSH")
                flushes += 1
                usleep(50_000)
                return flushes.isMultiple(of: 10) && scene.done.count == jids.count
            }
            try eventually(within: 20, "nothing is reserved") { try scene.jobs.reserved() == 0 }
            #expect(scene.ledger.count == 2 * jids.count, "each once")
            #expect(try scene.jobs.number("stat:processed") == jids.count)
            #expect(!scene.daemon.log.contains("waiting for Redis"))
            try scene.finish()
        }
    }

    @Test("a script that blocks Redis for seconds is waited for, and never killed")
    func busy() throws {
        try Scene.run(Self.quick) { scene in
            let jids = (0..<500).map { "q\($0)" }
            try scene.jobs.push(jids.map { Array(Jobs.payload("Quick", $0).utf8) })
            eventually(within: 30, "some are done") { scene.done.count > 50 }
            // After the first 0.2 s it answers everybody with BUSY.
            try scene.jobs.call("CONFIG", "SET", "busy-reply-threshold", "200")
            let loop =
                "local stop = redis.call('TIME')[1] + \(Int(FaultRun.seconds(6, full: 10))) "
                + "for _ = 1, 2e7 do if tonumber(redis.call('TIME')[1]) >= stop then return 'done' end end"
            #expect(try scene.jobs.call("EVAL", loop, "0").text == "done")
            eventually(within: 30, "all of them are done") { scene.done.count == jids.count }
            try eventually(within: 20, "nothing is reserved") { try scene.jobs.reserved() == 0 }
            #expect(scene.daemon.log.contains("BUSY"))
            #expect(try scene.jobs.call("INFO", "commandstats").text?.contains("script|kill") == false)
            #expect(scene.ledger.count == 2 * jids.count, "each once")
            scene.waitForReconnects()
            try scene.finish()
        }
    }

    @Test("a queue that is a string keeps no other queue from being worked, and the log stays short")
    func brokenQueue() throws {
        try Scene.run(Self.quick) { scene in
            try scene.jobs.call("SET", "queue:broken", "I am no list")
            for number in 0..<20 { try scene.jobs.push(Jobs.payload("Work", "w\(number)")) }
            eventually(within: 30, "the other queue is worked") { scene.done.count == 20 }
            eventually(within: 10, "it says so") { scene.daemon.log.contains("cannot fetch from a queue") }
            for number in 20..<40 { try scene.jobs.push(Jobs.payload("Work", "w\(number)")) }
            eventually(within: 30, "the other queue is worked on") { scene.done.count == 40 }
            usleep(2_000_000)
            #expect(scene.daemon.lines(of: "log").count { $0.contains("cannot fetch") } == 2, "once a worker")
            try scene.jobs.call("DEL", "queue:broken")
            try scene.jobs.push(Jobs.payload("Work", "healed", queue: "broken"), queue: "broken")
            eventually(within: 30, "it is worked again") { scene.done.contains("healed") }
            try scene.finish()
        }
    }

    @Test("a retry set that is a string: failed jobs stay reserved until it is mended, due ones of the schedule start")
    func brokenRetrySet() throws {
        try FaultScene.run { faults in
            try faults.jobs.call("SET", "retry", "I am no set")
            for _ in 0..<3 { try faults.pushOfEachKind() }
            try faults.addDue(to: "schedule", count: 3)
            try eventually(within: 30, "only the retries wait: \(faults.ledger.missing)") {
                try faults.ledger.harvest(faults.scene)
                return faults.ledger.missing.count == 3 && faults.ledger.missing.allSatisfy { $0.hasSuffix("retried") }
            }
            usleep(2_500_000)
            #expect(try faults.jobs.reserved() == 3, "they are not lost")
            let complaints = faults.daemon.lines(of: "log").filter { $0.contains("WRONGTYPE") }
            #expect((1...3).contains(complaints.count), "\(complaints)")
            try faults.jobs.call("DEL", "retry")
            try faults.settle("once the set is mended")
            try faults.proveExactly()
            try faults.finish()
        }
    }

    @Test("FLUSHALL under load: everybody is registered again within a beat, and new jobs are done")
    func emptied() throws {
        try Scene.run(Self.quick) { scene in
            try scene.jobs.push((0..<1000).map { Array(Jobs.payload("Quick", "q\($0)").utf8) })
            let workers = scene.daemon.workers
            for round in 1...3 {
                eventually(within: 30, "some are done") { scene.done.count > 30 * round }
                try scene.jobs.call("FLUSHALL")
                try scene.jobs.push((0..<300).map { Array(Jobs.payload("Quick", "r\(round)-\($0)").utf8) })
            }
            eventually(within: 30, "what came later is done") {
                scene.done.count { $0.hasPrefix("r3-") } == 300
            }
            try eventually(within: 6, "both workers hold a lease") {
                try scene.jobs.call("ZCARD", "martlet:processes").integer == 2
            }
            try eventually(within: 12, "and are on the dashboard") {
                try scene.jobs.call("SCARD", "processes").integer == 2
            }
            #expect(scene.daemon.workers == workers, "nobody died")
            try eventually(within: 20, "nothing is reserved") { try scene.jobs.reserved() == 0 }
            try scene.finish()
        }
    }

    @Test("a server that sleeps, and one that is frozen longer than a lease of patience: each job once")
    func frozen() throws {
        try FaultScene.run(options: ["--enable-debug-command", "yes"]) { faults in
            for _ in 0..<5 { try faults.pushOfEachKind() }
            try faults.jobs.call("DEBUG", "SLEEP", "4")
            try faults.settle("after a sleep of the server")
            for _ in 0..<5 { try faults.pushOfEachKind() }
            faults.server.freeze()
            usleep(7_000_000)
            faults.server.thaw()
            try faults.settle("after the server was frozen")
            try faults.proveExactly()
            try faults.finish()
        }
    }
}
