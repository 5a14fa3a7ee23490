import Platform
import Redis
import TestSupport
import Testing

@Suite("Redis is watched by sentinels")
struct FailoverTests {
    private struct Setup {
        let redis: MonitoredRedis
        let daemon: Daemon

        init() throws {
            redis = try MonitoredRedis()
            let sentinels = redis.sentinelPorts.map { "'127.0.0.1:\($0)'" }.joined(separator: ", ")
            daemon = Daemon(
                """
                redis: { sentinels: [\(sentinels)], master: mymaster }
                concurrency: 5
                timeout: 5
                handlers:
                  quick: { command: [\(QuickHandler.path), "5"], classes: [Quick], mode: serve }
                """, server: nil)
        }

        var done: Set<String> {
            Set(daemon.lines(of: "ledger").filter { $0.hasPrefix("end ") }.map { String($0.split(separator: " ")[2]) })
        }

        func end() {
            daemon.end()
            redis.stop()
        }
    }

    /// Pushes, and waits until the replica has it: what was not replicated is not the daemon's to lose.
    private func push(_ count: Int, to server: RedisServer) throws -> [String] {
        let jids = (0..<count).map { "q\($0)" }
        let jobs = try Jobs(server)
        try jobs.push(jids.map { Array(Jobs.payload("Quick", $0).utf8) })
        #expect(try jobs.call("WAIT", "1", "5000").integer == 1)
        return jids
    }

    private func expectAllDone(_ jids: [String], _ setup: Setup, since start: MonotonicTime) throws {
        let seconds = MonotonicTime.now().seconds(since: start)
        eventually(within: 60, "work goes on with the new master: \(setup.daemon.log.suffix(2000))") {
            setup.done.isSuperset(of: jids)
        }
        let jobs = try Jobs(setup.redis.second)
        try eventually(within: 30, "nothing is reserved any more") { try jobs.reserved() == 0 }
        #expect(setup.daemon.stop() == .exited(0), "\(setup.daemon.log.suffix(3000))")
        #expect(try jobs.leftovers() == [])
        #expect(setup.daemon.survivors.isEmpty)
        #expect(seconds < 20, "the daemon followed in seconds")
    }

    @Test("the master is killed while jobs run: its successor is found in seconds and no job is lost")
    func killed() throws {
        let setup = try Setup()
        defer { setup.end() }
        let jids = try push(1500, to: setup.redis.first)
        setup.daemon.start()
        eventually(within: 30, "some are done") { setup.done.count > 100 }
        let start = MonotonicTime.now()
        setup.redis.first.stop()
        eventually(within: 30, "both have found the successor: \(setup.daemon.log.suffix(2000))") {
            setup.daemon.lines(of: "log").count { $0.contains("Redis is back") } >= 2
        }
        try expectAllDone(jids, setup, since: start)
    }

    @Test("the master is replaced and still takes writes: the daemon leaves it, and no job is lost")
    func replaced() throws {
        let setup = try Setup()
        defer { setup.end() }
        let jids = try push(1500, to: setup.redis.first)
        setup.daemon.start()
        eventually(within: 30, "some are done") { setup.done.count > 100 }
        let start = MonotonicTime.now()
        setup.redis.failOver()
        eventually(within: 30, "both have changed over: \(setup.daemon.log.suffix(2000))") {
            setup.daemon.lines(of: "log").count { $0.contains("Redis is back") } >= 2
        }
        try expectAllDone(jids, setup, since: start)
    }
}
