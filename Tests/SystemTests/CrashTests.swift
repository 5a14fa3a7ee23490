import Glibc
import Platform
import TestSupport
import Testing

@Suite("Killed processes lose nothing")
struct CrashTests {
    static func configuration(processes: Int = 2, concurrency: Int = 10) -> String {
        """
        processes: \(processes)
        concurrency: \(concurrency)
        timeout: 5
        poison: { deaths: 0 }  # chance may well hit one job three times
        handlers:
          quick: { command: [\(QuickHandler.path), "2"], classes: [Quick], mode: serve, threads: 5 }
          served: { command: [./serve.py], classes: [Sleep, Work], mode: serve }
          stubborn: { command: [./stubborn.sh], classes: [Stubborn] }
        """
    }

    @Test("kill -9 of workers while 2,000 short jobs drain: all of them run, none is lost")
    func workersWhileDraining() throws {
        try Scene.run(Self.configuration()) { scene in
            let jids = (0..<2000).map { "q\($0)" }
            try scene.jobs.push(jids.map { Array(Jobs.payload("Quick", $0).utf8) })
            for share in [200, 700, 1200] {
                eventually(within: 60, "\(share) jobs are done") { scene.ledger.count >= 2 * share }
                if let victim = scene.daemon.workers.randomElement() { kill(victim, SIGKILL) }
            }
            eventually(within: 60, "all 2,000 are done") { Set(scene.done).count == 2000 }
            try eventually(within: 30, "nothing is reserved any more") { try scene.jobs.reserved() == 0 }
            #expect(Set(scene.done) == Set(jids))
            eventually(within: 30, "two workers run again") { scene.daemon.workers.count == 2 }
            try scene.finish()
        }
    }

    @Test("the jobs of a killed worker run again within 2 s")
    func recoveryTime() throws {
        try Scene.run(Self.configuration(processes: 1)) { scene in
            for jid in ["a", "b", "c"] { try scene.jobs.push(Jobs.payload("Sleep", jid, args: "[5]")) }
            eventually(within: 30, "all three run") { scene.ledger.count == 3 }
            let start = MonotonicTime.now()
            for worker in scene.daemon.workers { kill(worker, SIGKILL) }
            eventually(within: 30, "all three run again") { scene.ledger.count { $0.hasPrefix("start") } == 6 }
            #expect(MonotonicTime.now().seconds(since: start) <= 2 + StopTests.machine)
            #expect(scene.ledger.allSatisfy { $0.hasSuffix(" 1") }, "no attempt is used")
            eventually(within: 30, "all three are done") { scene.done.count == 3 }
            try scene.finish()
            #expect(["a", "b", "c"].allSatisfy { scene.ends($0) == 1 }, "the first runs ended with their worker")
        }
    }

    @Test("kill -9 of the supervisor: workers and handlers are gone within 2 s, the next start does the rest")
    func supervisor() throws {
        try Scene.run(Self.configuration()) { scene in
            let jids = (0..<1000).map { "q\($0)" }
            try scene.jobs.push(Jobs.payload("Stubborn", "stubborn"), Jobs.payload("Sleep", "sleep", args: "[4]"))
            eventually(within: 30, "both long jobs run") { scene.ledger.count == 2 }
            try scene.jobs.push(jids.map { Array(Jobs.payload("Quick", $0).utf8) })
            eventually(within: 60, "some of the short ones are done") { scene.done.count > 100 }

            scene.daemon.signal(.kill)
            #expect(scene.daemon.waitForExit() == .signaled(.kill, coreDumped: false))
            let start = MonotonicTime.now()
            eventually(within: 20, "nobody is left") { scene.daemon.survivors.isEmpty }
            #expect(MonotonicTime.now().seconds(since: start) <= 2 + StopTests.machine)

            scene.daemon.start()
            eventually(within: 60, "all of them are done") { Set(scene.done).isSuperset(of: jids + ["sleep"]) }
            eventually(within: 30, "the stubborn one runs again") { scene.starts("stubborn") == 2 }
            try scene.finish(leaving: ["queue:default"])
            #expect(try scene.jobs.texts() == [Jobs.payload("Stubborn", "stubborn")])
        }
    }

    @Test("kill -9 of the scheduler: another one goes on promoting")
    func scheduler() throws {
        try Scene.run(Self.configuration(processes: 1)) { scene in
            let old = scene.daemon.schedulers
            for pid in old { kill(pid, SIGKILL) }
            eventually(within: 30, "another scheduler runs") {
                scene.daemon.schedulers.count == 1 && scene.daemon.schedulers != old
            }
            try scene.jobs.call("ZADD", "schedule", "1", Jobs.payload("Work", "due"))
            eventually(within: 30, "a due job is done") { scene.done == ["due"] }
            try scene.finish()
        }
    }

    @Test("kill -9 of everything at once: the next start does every job")
    func everything() throws {
        try Scene.run(Self.configuration()) { scene in
            let jids = (0..<1000).map { "q\($0)" }
            try scene.jobs.push(jids.map { Array(Jobs.payload("Quick", $0).utf8) })
            eventually(within: 60, "some are done") { scene.done.count > 100 }
            scene.daemon.end()
            #expect(scene.daemon.survivors.isEmpty)
            scene.daemon.start()
            eventually(within: 60, "all of them are done") { Set(scene.done) == Set(jids) }
            try scene.finish()
        }
    }
}
