import Glibc
import Platform
import Redis
import TestSupport
import Testing

@Suite("Starting")
struct StartTests {
    static let configuration = """
        processes: 2
        concurrency: 2
        timeout: 3
        handlers:
          spawned: { command: [./ledger.sh], classes: [Job] }
        """

    @Test("systemd hears READY only once jobs can be fetched, then a status with figures, then STOPPING")
    func notifications() throws {
        let socket = try NotifySocket()
        try Scene.run(Self.configuration, environment: ["NOTIFY_SOCKET=\(socket.path)"], starting: false) { scene in
            scene.server.stop()
            scene.daemon.launch()
            eventually(within: 20, "it waits for Redis") { scene.daemon.log.contains("waiting for Redis") }
            #expect(!socket.received.contains("READY=1"))
            scene.server.start()
            eventually(within: 30, "READY comes") { socket.received.contains("READY=1") }
            let jobs = try Jobs(scene.server)
            try eventually(within: 20, "both workers hold a lease") {
                try jobs.call("ZCARD", "martlet:processes").integer == 2
            }
            for index in 0..<3 { try jobs.push(Jobs.payload("Job", "j\(index)")) }
            eventually(within: 30, "the jobs are done") { scene.done.count == 3 }
            eventually(within: 20, "the status counts them") {
                socket.received.contains {
                    $0.hasPrefix("STATUS=") && $0.contains("3 processed") && $0.contains("2 workers")
                }
            }
            scene.daemon.signal(.hangup)
            eventually(within: 30, "a reload is announced, and READY after it") {
                let all = socket.received
                guard let index = all.firstIndex(of: "RELOADING=1") else { return false }
                return all[index...].contains("READY=1")
            }
            #expect(socket.received.contains { $0.hasPrefix("MONOTONIC_USEC=") })
            #expect(scene.daemon.stop() == .exited(0))
            #expect(socket.received.contains("STOPPING=1"))
            #expect(scene.daemon.survivors.isEmpty)
        }
    }

    @Test("more workers than the soft limit of open files allows are started, and handlers get that limit")
    func openFiles() throws {
        let configuration = """
            processes: 8
            concurrency: 1
            handlers:
              limit: { command: [/bin/sh, -c, "ulimit -Sn > limit"], classes: [Limit] }
            """
        let server = RedisServer()
        let daemon = Daemon(configuration, server: server, wrapper: ["/bin/sh", "-c", "ulimit -Sn 20; \"$@\"", "sh"])
        defer {
            daemon.end()
            server.stop()
        }
        daemon.start()
        try #require(daemon.isRunning, "\(daemon.log)")
        try Jobs(server).push(Jobs.payload("Limit", "j"))
        eventually(within: 20, "the handler has looked") { daemon.lines(of: "limit") == ["20"] }
    }

    @Test("the watchdog is fed while the loop turns, and during an outage of Redis")
    func watchdog() throws {
        let socket = try NotifySocket()
        let environment = ["NOTIFY_SOCKET=\(socket.path)", "WATCHDOG_USEC=1000000"]
        try Scene.run(Self.configuration, environment: environment) { scene in
            func fed(_ times: Int) -> Bool { socket.received.count { $0 == "WATCHDOG=1" } >= times }
            eventually(within: 20, "it is fed") { fed(3) }
            scene.server.stop()
            let before = socket.received.count { $0 == "WATCHDOG=1" }
            eventually(within: 20, "it is fed while Redis is away") { fed(before + 4) }
            scene.server.start()
            #expect(scene.daemon.stop() == .exited(0))
        }
    }

    @Test("it is not fed while a worker stands still, which the log says, and fed again when that goes on")
    func starvedWatchdog() throws {
        let socket = try NotifySocket()
        let environment = ["NOTIFY_SOCKET=\(socket.path)", "WATCHDOG_USEC=1000000"]
        try Scene.run(Self.configuration, environment: environment) { scene in
            func fed() -> Int { socket.received.count { $0 == "WATCHDOG=1" } }
            let worker = try #require(scene.daemon.workers.first)
            kill(worker, SIGSTOP)
            defer { kill(worker, SIGCONT) }
            eventually(within: 40, "the log says which") {
                _ = fed()  // Whoever does not read what it is told holds up who tells it.
                return scene.daemon.log.contains("(pid \(worker)) has made no progress for")
            }
            let before = fed()
            usleep(2_000_000)  // Four times as long as between two feedings.
            #expect(fed() == before)
            kill(worker, SIGCONT)
            eventually(within: 20, "it is fed again") { fed() >= before + 2 }
            try scene.finish()
        }
    }

    @Test("an exchange that is never answered, again and again, is a failure that is known, and the watchdog is fed")
    func unansweredExchanges() throws {
        let socket = try NotifySocket()
        let environment = ["NOTIFY_SOCKET=\(socket.path)", "WATCHDOG_USEC=1000000"]
        try Scene.run(Self.configuration, environment: environment) { scene in
            func fed() -> Int { socket.received.count { $0 == "WATCHDOG=1" } }
            scene.server.freeze()
            defer { scene.server.thaw() }
            eventually(within: 30, "both workers know it") {
                scene.daemon.lines(of: "log").count { $0.contains("worker-") && $0.contains("waiting for Redis") } == 2
            }
            let before = fed()
            eventually(within: 30, "it is fed, longer than a worker may make no progress") { fed() >= before + 24 }
            #expect(!scene.daemon.log.contains("no progress"))
            scene.server.thaw()
            scene.daemon.signal(.terminate)
            #expect(scene.daemon.waitForExit(within: 30) == .exited(0))
        }
    }

    @Test("a bad configuration starts nothing, exit 78, with every mistake, its line and its column")
    func badConfiguration() throws {
        try Scene.run("", starting: false) { scene in
            scene.rewrite(
                """
                concurency: 5
                processes: many
                queues:
                  - default: -1
                handlers:
                  one: { command: [./no-such-program], classes: [A], mode: swim }
                  two: { classes: [A] }
                """)
            scene.daemon.launch()
            #expect(scene.daemon.waitForExit(within: 30) == .exited(78))
            let log = scene.daemon.log
            #expect(log.contains("martlet.yml:2:1: ") && log.contains("did you mean `concurrency`?"))
            for place in ["martlet.yml:3:12: ", "martlet.yml:5:", "martlet.yml:7:", "martlet.yml:8:"] {
                #expect(log.contains(place), "\(place) in \(log)")
            }
            #expect(scene.daemon.survivors.isEmpty)
            let keys = try scene.jobs.keys()
            #expect(keys.isEmpty)

            let check = scene.daemon.martlet(["check"])
            #expect(check.code == 78 && check.output.isEmpty)
            #expect(check.errors == log, "`check` says the same")
        }
    }

    @Test("a handler that is not there is a mistake too")
    func missingHandler() throws {
        try Scene.run("handlers: { one: { command: [./no-such-program], classes: [A] } }\n", starting: false) { scene in
            scene.daemon.launch()
            #expect(scene.daemon.waitForExit(within: 30) == .exited(78))
            #expect(scene.daemon.log.contains("martlet.yml:2:") && scene.daemon.log.contains("no-such-program"))
            #expect(scene.daemon.survivors.isEmpty)
        }
    }

    @Test("flags win over the environment, and that over the file")
    func overrides() throws {
        let environment = ["MARTLET_CONCURRENCY=7", "MARTLET_LOG_LEVEL=debug"]
        try Scene.run(Self.configuration, environment: environment, flags: ["--processes", "1"]) { scene in
            #expect(scene.daemon.workers.count == 1)
            try eventually(within: 20, "its record is there") { try scene.record("concurrency").contains("7") }
            try scene.finish()
        }
    }
}

extension Scene {
    /// A field of every process record.
    func record(_ field: String) throws -> [String] {
        let identities = try jobs.call("SMEMBERS", "processes").elements?.compactMap(\.text) ?? []
        return try identities.compactMap { try jobs.call("HGET", $0, field).text }
    }
}
