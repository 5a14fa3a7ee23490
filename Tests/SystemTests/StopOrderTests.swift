import Glibc
import Platform
import Redis
import TestSupport
import Testing

@Suite("The order of a stop")
struct StopOrderTests {
    static let files = [
        // Take their time to end when they are told to, as their class says.
        "lingering.sh": "#!/bin/sh\ntrap 'sleep \"0.${MARTLET_CLASS#Linger}\"; exit 1' TERM\n"
            + "echo \"start $MARTLET_CLASS $MARTLET_JID $MARTLET_ATTEMPT\" >> ledger\nsleep 1000 &\nwait\n"
    ]

    /// Keeps what it has answered, however slow the disk is.
    static let durable = ["--appendonly", "yes", "--appendfsync", "always"]

    static func configuration(timeout: String) -> String {
        """
        concurrency: 4
        timeout: \(timeout)
        handlers:
          lingering: { command: [./lingering.sh], classes: ["Linger*"] }
          long: { command: [./sleep.sh, "1000"], classes: [Long] }
          short: { command: [./sleep.sh, "2"], classes: [Short] }
          stubborn: { command: [./stubborn.sh], classes: [Stubborn], grace: 20s }
          served: { command: [./serve.py], classes: [Sleep, Work], mode: serve }
        """
    }

    @Test("interrupted jobs go back in the order of their fetch, however long their handlers take to end")
    func order() throws {
        try Scene.run(Self.configuration(timeout: "0"), files: Self.files) { scene in
            let payloads = [
                Jobs.payload("Linger7", "a"), Jobs.payload("Linger0", "b"), Jobs.payload("Linger3", "c"),
                Jobs.payload("Sleep", "d", args: "[1000]"),
            ]
            for (index, payload) in payloads.enumerated() {
                try scene.jobs.push(payload)
                eventually(within: 30, "it runs") { scene.ledger.count == index + 1 }
            }
            let waiting = Jobs.payload("Work", "e")
            try scene.jobs.push(waiting)
            try scene.finish(leaving: ["queue:default"])
            #expect(try scene.jobs.texts() == payloads + [waiting])
        }
    }

    @Test("while running jobs get their time the worker goes on beating, and keeps its lease")
    func heartbeats() throws {
        try Scene.run(Self.configuration(timeout: "60s"), files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Long", "a"))
            eventually(within: 30, "it runs") { scene.starts("a") == 1 }
            scene.daemon.signal(.terminate)
            try eventually(within: 20, "its record says that it takes nothing more") { try scene.quietWorkers() == 1 }
            let before = try #require(try scene.leaseEnds().first)
            // Milliseconds; renewed every second while it has a job.
            try eventually(within: 30, "its lease is renewed again and again") {
                try scene.leaseEnds().first.map { $0 > before + 4000 } ?? false
            }
            #expect(try scene.jobs.reserved() == 1)
            #expect(scene.daemon.isRunning)
            scene.daemon.signal(.terminate)
            #expect(scene.daemon.waitForExit(within: 30) == .exited(0))
            try scene.expectNothing(left: ["queue:default"])
        }
    }

    @Test("a worker killed while it stops: its jobs are back before the service ends, and it counts against none")
    func workerKilled() throws {
        try Scene.run(Self.configuration(timeout: "60s"), files: Self.files) { scene in
            let payloads = [Jobs.payload("Long", "a"), Jobs.payload("Stubborn", "b")]
            for payload in payloads { try scene.jobs.push(payload) }
            eventually(within: 30, "both run") { scene.ledger.count == 2 }
            let worker = try #require(scene.daemon.workers.first)
            scene.daemon.signal(.terminate)
            eventually(within: 20, "it stops") { scene.daemon.log.contains("stopping") }
            kill(worker, SIGKILL)
            #expect(scene.daemon.waitForExit(within: 30) == .exited(0))
            try scene.expectNothing(left: ["queue:default"])
            #expect(try Set(scene.jobs.texts()) == Set(payloads))
            #expect(try scene.jobs.keys("martlet:deaths:*").isEmpty)
        }
    }

    @Test("SIGTERM, then SIGKILL of the supervisor alone: workers put their jobs back and are gone within 2 s")
    func supervisorKilled() throws {
        try Scene.run(Self.configuration(timeout: "60s"), files: Self.files) { scene in
            let payloads = [Jobs.payload("Long", "a"), Jobs.payload("Stubborn", "b")]
            for payload in payloads { try scene.jobs.push(payload) }
            eventually(within: 30, "both run") { scene.ledger.count == 2 }
            scene.daemon.signal(.terminate)
            eventually(within: 20, "it stops") { scene.daemon.log.contains("stopping") }
            scene.daemon.signal(.kill)
            let start = MonotonicTime.now()
            #expect(scene.daemon.waitForExit(within: 30) == .signaled(.kill, coreDumped: false))
            eventually(within: 20, "nobody is left") { scene.daemon.survivors.isEmpty }
            #expect(MonotonicTime.now().seconds(since: start) <= 2 + StopTests.machine)
            try scene.expectNothing(left: ["queue:default"])
            #expect(try Set(scene.jobs.texts()) == Set(payloads))
        }
    }

    @Test("SIGTERM, then SIGKILL of everything, as systemd does: the next start runs the jobs again within 2 s")
    func everythingKilled() throws {
        try Scene.run(Self.configuration(timeout: "60s"), files: Self.files) { scene in
            for jid in ["a", "b"] { try scene.jobs.push(Jobs.payload("Long", jid)) }
            eventually(within: 30, "both run") { scene.ledger.count == 2 }
            scene.daemon.signal(.terminate)
            eventually(within: 20, "it stops") { scene.daemon.log.contains("stopping") }
            // As if at one instant: whoever saw another one die would put the jobs back.
            scene.daemon.signal(.stop)
            let killed = scene.daemon.schedulers + scene.daemon.workers
            for pid in killed { kill(pid, SIGKILL) }
            scene.daemon.end()
            // Another test may have made this process the one that orphans go to: then they wait to be reaped here.
            for pid in killed { eventually(within: 10, "nobody waits") { waitpid(pid, nil, WNOHANG) != 0 } }
            #expect(try scene.jobs.reserved() == 2, "\(scene.daemon.log.suffix(1000))")
            scene.rewrite(Self.configuration(timeout: "0"))
            scene.daemon.start()
            let start = MonotonicTime.now()
            eventually(within: 30, "both run again") { scene.starts("a") == 2 && scene.starts("b") == 2 }
            #expect(MonotonicTime.now().seconds(since: start) <= 2 + StopTests.machine)
            try scene.finish(leaving: ["queue:default"])
        }
    }

    @Test("Redis is away when the stop begins and comes back in time: results are written, and nothing is left")
    func redisComesBack() throws {
        try Scene.run(
            Self.configuration(timeout: "60s"), files: Self.files, options: Self.durable
        ) { scene in
            try scene.jobs.push(Jobs.payload("Short", "a"))
            eventually(within: 30, "it runs") { scene.starts("a") == 1 }
            scene.server.stop()
            eventually(within: 20, "the worker notices") {
                scene.daemon.lines(of: "log").contains { $0.contains("worker-0") && $0.contains("waiting for Redis") }
            }
            scene.daemon.signal(.terminate)
            eventually(within: 20, "the job ends by itself") { scene.ends("a") == 1 }
            #expect(scene.daemon.waitForExit(within: 1) == nil, "the worker waits for Redis")
            scene.server.start()
            #expect(scene.daemon.waitForExit(within: 20) == .exited(0))
            let jobs = try Jobs(scene.server)
            let left = try (jobs.leftovers(), jobs.keys("processes"), jobs.number("stat:processed"))
            #expect(left == ([], [], 1))
            #expect(scene.daemon.survivors.isEmpty)
        }
    }

    @Test("Redis stays away: the stop ends in time all the same, and the next start runs what was interrupted")
    func redisStaysAway() throws {
        try Scene.run(
            Self.configuration(timeout: "1s"), files: Self.files, options: Self.durable
        ) { scene in
            try scene.jobs.push(Jobs.payload("Long", "a"))
            eventually(within: 30, "it runs") { scene.starts("a") == 1 }
            scene.server.stop()
            eventually(within: 20, "the worker notices") {
                scene.daemon.lines(of: "log").contains { $0.contains("worker-0") && $0.contains("waiting for Redis") }
            }
            let start = MonotonicTime.now()
            #expect(scene.daemon.stop() == .exited(0))
            #expect(MonotonicTime.now().seconds(since: start) <= 1 + 2 + StopTests.machine)
            #expect(scene.daemon.survivors.isEmpty)
            scene.server.start()
            let jobs = try Jobs(scene.server)
            #expect(try jobs.reserved() == 1)
            scene.daemon.start()
            eventually(within: 30, "it runs again") { scene.starts("a") == 2 }
            #expect(scene.daemon.stop() == .exited(0))
            let left = try jobs.leftovers()
            #expect(left == ["queue:default"])
            #expect(scene.daemon.survivors.isEmpty)
        }
    }
}

extension Scene {
    /// Ends of leases, milliseconds of Redis' clock.
    func leaseEnds() throws -> [Double] {
        (try jobs.call("ZRANGE", "martlet:processes", "0", "-1", "WITHSCORES").pairs ?? []).compactMap(\.value.number)
    }
}
