import Foundation
import Redis
import TestSupport
import Testing

@Suite("Capsules and pauses")
struct CapsulesTests {
    static let configuration = """
        concurrency: 2
        timeout: 5
        queues: [slow]
        capsules:
          quick: { concurrency: 2, queues: [quick] }
        handlers:
          long: { command: [./sleep.sh, "1000"], classes: [Long] }
          quick: { command: [\(QuickHandler.path), "1"], classes: ["*"], mode: serve }
        """

    @Test("a capsule whose slots are all busy does not hold up another, and status shows both")
    func independent() throws {
        try Scene.run(Self.configuration) { scene in
            let hogs = (0..<5).map { Jobs.payload("Long", "long\($0)", queue: "slow") }
            try scene.jobs.push(hogs.map { Array($0.utf8) }, to: "slow")
            eventually(within: 30, "the first capsule is full") {
                (0..<5).count { scene.starts("long\($0)") == 1 } == 2
            }
            for index in 0..<200 {
                try scene.jobs.push(Jobs.payload("Job", "quick\(index)", queue: "quick"), queue: "quick")
            }
            eventually(within: 30, "the other one has done its jobs") { scene.done.count == 200 }
            #expect((0..<5).count { scene.starts("long\($0)") == 1 } == 2, "no slot of the other was taken")
            #expect(try scene.jobs.queue("slow").count == 3)

            try eventually(within: 30, "the record says what runs") { try scene.record("busy").contains("2") }
            let text = scene.daemon.martlet(["status"]).output
            #expect(text.contains("default 2: slow; quick 2: quick"), "\(text)")
            let json = scene.daemon.martlet(["status", "--json"]).output
            #expect(json.contains(#""capsules""#) && json.contains(#""mode" : "strict""#), "\(json)")
        }
    }

    private static let plain = """
        concurrency: 4
        processes: 2
        timeout: 5
        queues: [work, other]
        handlers:
          quick: { command: [\(QuickHandler.path), "5"], classes: ["*"], mode: serve }
        """

    @Test("a queue that is paused under load gives no job from that instant on, and at once when it is resumed")
    func pause() throws {
        try Scene.run(Self.plain) { scene in
            func push(_ count: Int, _ name: String, _ queue: String) throws {
                let payloads = (0..<count).map { Jobs.payload("Job", "\(name)\($0)", queue: queue) }
                try scene.jobs.push(payloads.map { Array($0.utf8) }, to: queue)
            }
            try push(6_000, "w", "work")
            eventually(within: 60, "it is under load") { scene.done.count > 200 }
            let before = try scene.jobs.paused("SADD", "work", counting: "work")
            // What was reserved by then is done or goes back; nothing else comes.
            try push(200, "o", "other")
            eventually(within: 60, "the other queue goes on") { scene.done.count { $0.hasPrefix("o") } == 200 }
            try eventually(within: 30, "nothing is reserved any more") { try scene.jobs.reserved() == 0 }
            let resting = try scene.jobs.queue("work").count
            #expect(resting >= before, "what is in a paused queue stays there")
            #expect(resting > 0)
            #expect(scene.done.count { $0.hasPrefix("w") } + resting == 6_000)

            try scene.jobs.call("SREM", "paused", "work")
            try eventually(within: 120, "it is worked again, to its end") { try scene.jobs.queue("work").isEmpty }
            eventually(within: 60, "all are done") { scene.done.count == 6_200 }
            try scene.finish()
            #expect(scene.ledger.count { $0.hasPrefix("start ") } == 6_200, "each once")
        }
    }
}

extension Jobs {
    /// Changes the set of paused queues and counts a queue's jobs in one step.
    fileprivate func paused(_ command: String, _ queue: String, counting counted: String) throws -> Int {
        let script = "redis.call(ARGV[1], KEYS[1], ARGV[2]) return redis.call('LLEN', KEYS[2])"
        return try call("EVAL", script, "2", "paused", "queue:\(counted)", command, queue).integer ?? -1
    }
}
