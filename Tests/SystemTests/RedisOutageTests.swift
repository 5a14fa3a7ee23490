import Foundation
import Platform
import TestSupport
import Testing

@Suite("Redis comes, goes and refuses")
struct RedisOutageTests {
    static let configuration = """
        processes: 2
        concurrency: 5
        timeout: 5
        handlers:
          quick: { command: [\(QuickHandler.path), "5"], classes: [Quick], mode: serve }
          served: { command: [./serve.py], classes: [Sleep, Work], mode: serve }
        """

    @Test("a crash of redis-server while jobs run: the daemon lives, no job is lost, work goes on")
    func crash() throws {
        try Scene.run(Self.configuration, options: StopOrderTests.durable) { scene in
            let jids = (0..<1500).map { "q\($0)" }
            try scene.jobs.push(jids.map { Array(Jobs.payload("Quick", $0).utf8) })
            try scene.jobs.push(Jobs.payload("Sleep", "long", args: "[2]"))
            eventually(within: 60, "some are done") { scene.done.count > 150 }
            let pids = (scene.daemon.pid, scene.daemon.workers)
            scene.server.stop()
            eventually(within: 20, "the daemon notices") { scene.daemon.log.contains("waiting for Redis") }
            usleep(500_000)
            scene.server.start()
            eventually(within: 60, "all of them are done") { Set(scene.done).isSuperset(of: jids + ["long"]) }
            #expect(pids == (scene.daemon.pid, scene.daemon.workers), "the same processes")
            let jobs = try Jobs(scene.server)
            try eventually(within: 30, "nothing is reserved any more") { try jobs.reserved() == 0 }
            scene.waitForReconnects()
            #expect(scene.daemon.stop() == .exited(0))
            let left = try jobs.leftovers()
            #expect(left == [])
            #expect(scene.daemon.survivors.isEmpty)
        }
    }

    @Test("an outage is no busy loop")
    func idleOutage() throws {
        try Scene.run(Self.configuration, options: ["--appendonly", "yes"]) { scene in
            scene.server.stop()
            eventually(within: 20, "the daemon notices") { scene.daemon.log.contains("waiting for Redis") }
            let before = scene.cpuTicks()
            usleep(3_000_000)
            // 100 ticks a second: four processes that wait need a few of 300.
            #expect(scene.cpuTicks() - before < 60)
            scene.server.start()
            let jobs = try Jobs(scene.server)
            try jobs.push(Jobs.payload("Work", "w"))
            eventually(within: 30, "work goes on") { scene.done == ["w"] }
            scene.waitForReconnects()
            #expect(scene.daemon.stop() == .exited(0))
            let left = try jobs.leftovers()
            #expect(left == [])
            #expect(scene.daemon.survivors.isEmpty)
        }
    }

    @Test("connections that Redis cuts cost nothing")
    func cutConnections() throws {
        try Scene.run(Self.configuration) { scene in
            let jids = (0..<1000).map { "q\($0)" }
            try scene.jobs.push(jids.map { Array(Jobs.payload("Quick", $0).utf8) })
            for round in 1...6 {
                eventually(within: 60, "some more are done") { scene.done.count >= round * 100 }
                try scene.jobs.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            }
            eventually(within: 60, "all of them are done") { Set(scene.done) == Set(jids) }
            try eventually(within: 30, "nothing is reserved any more") { try scene.jobs.reserved() == 0 }
            try scene.finish()
            #expect(jids.allSatisfy { scene.starts($0) == 1 }, "and none ran twice, since no process died")
        }
    }

    @Test("a Redis that is down at start is waited for, and said so")
    func downAtStart() throws {
        try Scene.run(Self.configuration, starting: false) { scene in
            scene.server.stop()
            scene.daemon.launch()
            eventually(within: 20, "it says what it waits for") { scene.daemon.log.contains("waiting for Redis") }
            #expect(!scene.daemon.log.contains(" ready: "))
            scene.server.start()
            eventually(within: 30, "it is ready") { scene.daemon.log.contains(" ready: ") }
            let jobs = try Jobs(scene.server)
            try jobs.push(Jobs.payload("Work", "w"))
            eventually(within: 30, "the job is done") { scene.done == ["w"] }
            #expect(scene.daemon.stop() == .exited(0))
            #expect(scene.daemon.survivors.isEmpty)
        }
    }

    @Test("a server that may drop keys is refused with the reason, exit 78")
    func eviction() throws {
        try Scene.run(
            Self.configuration, options: ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"], starting: false
        ) { scene in
            scene.daemon.launch()
            #expect(scene.daemon.waitForExit(within: 30) == .exited(78))
            #expect(scene.daemon.log.contains("allkeys-lru") && scene.daemon.log.contains("noeviction"))
            #expect(scene.daemon.survivors.isEmpty)
            let check = scene.daemon.martlet(["check"])
            #expect(check.code != 0 && (check.output + check.errors).contains("allkeys-lru"))
        }
    }

    @Test("a full Redis: nothing is lost, and work goes on when there is room again")
    func fullMemory() throws {
        try Scene.run(Self.configuration) { scene in
            let jids = (0..<300).map { "q\($0)" }
            try scene.jobs.push(jids.map { Array(Jobs.payload("Quick", $0).utf8) })
            try scene.jobs.call("CONFIG", "SET", "maxmemory", "1")
            eventually(within: 30, "jobs are done all the same") { scene.done.count > 50 }
            try scene.jobs.call("CONFIG", "SET", "maxmemory", "0")
            eventually(within: 60, "all of them are done") { Set(scene.done) == Set(jids) }
            try eventually(within: 30, "nothing is reserved any more") { try scene.jobs.reserved() == 0 }
            try scene.finish()
        }
    }
}

extension Scene {
    /// Two workers and the scheduler, say: one that stops before it is connected again cannot say farewell.
    func waitForReconnects(_ count: Int = 3) {
        eventually(within: 30, "everybody has found Redis again") {
            daemon.lines(of: "log").count { $0.contains("Redis is back") } >= count
        }
    }

    /// CPU time that the daemon's own processes have used, in clock ticks: fields 14 and 15 of /proc/PID/stat.
    func cpuTicks() -> Int {
        ([daemon.pid] + daemon.workers + daemon.schedulers).reduce(0) { sum, pid in
            let fields = Program.text(of: "/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 12 else { return sum }
            return sum + (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
        }
    }
}
