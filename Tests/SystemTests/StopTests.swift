import Platform
import TestSupport
import Testing

@Suite("Stopping")
struct StopTests {
    static func configuration(timeout: String) -> String {
        """
        concurrency: 3
        timeout: \(timeout)
        handlers:
          long: { command: [./sleep.sh, "1000"], classes: [Long] }
          stubborn: { command: [./stubborn.sh], classes: [Stubborn], grace: 20s }
          served: { command: [./serve.py], classes: [Sleep, Work], mode: serve }
        """
    }

    /// On top of a promised time: two cores, shared with other tests, may hold any process up for so long. Seconds.
    static let machine = 6.0

    @Test("SIGTERM with long jobs: back where they are fetched next, handlers gone, exit 0, within timeout + 2 s")
    func longJobs() throws {
        try Scene.run(Self.configuration(timeout: "2s")) { scene in
            let running = [
                Jobs.payload("Long", "a"), Jobs.payload("Stubborn", "b"), Jobs.payload("Sleep", "c", args: "[1000]"),
            ]
            for payload in running { try scene.jobs.push(payload) }
            eventually(within: 30, "all three run") { scene.ledger.count == 3 }
            let waiting = ["d", "e"].map { Jobs.payload("Work", $0) }
            for payload in waiting { try scene.jobs.push(payload) }

            let start = MonotonicTime.now()
            scene.daemon.signal(.terminate)
            #expect(scene.daemon.waitForExit(within: 30) == .exited(0))
            let seconds = MonotonicTime.now().seconds(since: start)
            #expect(seconds >= 1.9, "the jobs had their time")
            #expect(seconds <= 2 + 2 + Self.machine)
            try scene.expectNothing(left: ["queue:default"])
            let texts = try scene.jobs.texts()
            #expect(Set(texts.prefix(3)) == Set(running), "they are fetched next")
            #expect(texts.dropFirst(3) == waiting[...])
            #expect(scene.done.isEmpty)
            #expect(try scene.jobs.keys("processes").isEmpty, "no worker stands on the dashboard")
        }
    }

    @Test("jobs shorter than the timeout finish and are acked", arguments: [Signal.terminate, .interrupt])
    func shortJobs(signal: Signal) throws {
        try Scene.run(Self.configuration(timeout: "20s")) { scene in
            for jid in ["a", "b", "c"] { try scene.jobs.push(Jobs.payload("Sleep", jid, args: "[3]")) }
            eventually(within: 30, "all three run") { scene.ledger.count == 3 }
            scene.daemon.signal(signal)
            eventually(within: 10, "it says that it stops") { scene.daemon.log.contains("stopping") }
            try scene.jobs.push(Jobs.payload("Work", "later"))
            #expect(scene.daemon.waitForExit(within: 30) == .exited(0))
            try scene.expectNothing(left: ["queue:default"])
            #expect(scene.done.sorted() == ["a", "b", "c"])
            #expect(try scene.jobs.texts() == [Jobs.payload("Work", "later")])
            #expect(try scene.jobs.number("stat:processed") == 3)
        }
    }

    @Test("a second SIGTERM stops at once, however long the timeout is")
    func twice() throws {
        try Scene.run(Self.configuration(timeout: "10m")) { scene in
            let payloads = [Jobs.payload("Long", "a"), Jobs.payload("Stubborn", "b")]
            for payload in payloads { try scene.jobs.push(payload) }
            eventually(within: 30, "both run") { scene.ledger.count == 2 }
            scene.daemon.signal(.terminate)
            eventually(within: 10, "it says that it stops") { scene.daemon.log.contains("SIGTERM") }
            #expect(scene.daemon.waitForExit(within: 1) == nil, "it waits for the jobs")
            let start = MonotonicTime.now()
            scene.daemon.signal(.terminate)
            #expect(scene.daemon.waitForExit(within: 30) == .exited(0))
            #expect(MonotonicTime.now().seconds(since: start) <= 2 + Self.machine)
            try scene.expectNothing(left: ["queue:default"])
            let texts = try scene.jobs.texts()
            #expect(texts.sorted() == payloads.sorted())
        }
    }

    @Test("a stop while idle is quick and leaves nothing")
    func idle() throws {
        try Scene.run(Self.configuration(timeout: "10m")) { scene in
            let start = MonotonicTime.now()
            try scene.finish()
            #expect(MonotonicTime.now().seconds(since: start) <= 2 + Self.machine)
        }
    }

    @Test("a stop before the daemon is ready ends it as well")
    func early() throws {
        try Scene.run(Self.configuration(timeout: "5s"), starting: false) { scene in
            scene.daemon.launch()
            eventually(within: 30, "it takes signals") { scene.daemon.log.contains("starting") }
            try scene.finish()
        }
    }

    @Test("what a stop put back is done by the next start, once, and costs no attempt")
    func nextStart() throws {
        try Scene.run(Self.configuration(timeout: "0s")) { scene in
            try scene.jobs.push(Jobs.payload("Sleep", "a", args: "[3]"))
            eventually(within: 30, "it runs") { scene.starts("a") == 1 }
            try scene.finish(leaving: ["queue:default"])
            scene.daemon.start()
            eventually(within: 30, "it is done") { scene.done == ["a"] }
            #expect(scene.ledger == ["start Sleep a 1", "start Sleep a 1", "end Sleep a 1"])
            try scene.finish()
        }
    }
}
