import Foundation
import Glibc
import Platform
import Redis
import TestSupport
import Testing

@Suite("Jobs that go through elements")
struct IterableTests {
    private static let kit = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Sources/Kits/python").path
    /// Writes each element into the ledger; of class Hang the tenth waits for a file.
    private static let files = [
        "each.py": """
        #!/usr/bin/python3
        import os, sys, time
        sys.path.insert(0, os.environ["KIT"])
        import martlet

        def note(text):
            with open("ledger", "a") as ledger:
                ledger.write(text + "\\n")

        @martlet.job
        def Each(count, pause):
            run = martlet.current
            note("begin %s %s" % (run.jid, run.attempt))
            try:
                for i in run.iterate(range(count)):
                    note("element %d" % i)
                    time.sleep(pause)
                note("complete")
            except martlet.IterationCancelled:
                note("cancelled")
                raise

        @martlet.job
        def Family(count):
            for i in martlet.current.iterate(range(count)):
                martlet.current.push("Child", i)
                time.sleep(0.01)

        @martlet.job
        def FailsOnce(count, place):
            run = martlet.current
            for i in run.iterate(range(count)):
                note("element %d" % i)
                if i == place and run.attempt == 1:
                    raise ValueError("not this one")

        @martlet.job
        def Child(number):
            note("child %d" % number)

        martlet.run()
        """
    ]

    private static func configuration(_ more: String = "", mode: String = "serve") -> String {
        """
        concurrency: 1
        timeout: 10
        handlers:
          each:
            command: [./each.py]
            classes: ["*"]
            mode: \(mode)
            env: { KIT: "\(kit)" }
        \(more)
        """
    }

    private func numbers(_ word: String, _ scene: Scene) -> [Int] {
        scene.ledger.filter { $0.hasPrefix("\(word) ") }.compactMap { Int($0.dropFirst(word.count + 1)) }
    }

    private func iteration(_ jid: String, _ scene: Scene) throws -> [String: String] {
        var found: [String: String] = [:]
        for (name, value) in try scene.jobs.call("HGETALL", "it-\(jid)").pairs ?? [] {
            found[name.text ?? ""] = value.text
        }
        return found
    }

    @Test(
        "over quiets, stops and starts each element is done exactly once, and the end leaves nothing behind",
        arguments: ["serve", "fork"])
    func interrupted(mode: String) throws {
        try Scene.run(Self.configuration(mode: mode), files: Self.files) { scene in
            let payload = Jobs.payload("Each", "a", args: "[1000,0.01]")
            try scene.jobs.push(payload)
            for round in 1...4 {
                let begun = numbers("element", scene).count
                eventually(within: 60, "it goes on") { numbers("element", scene).count > begun + 50 }
                if round.isMultiple(of: 2) {
                    scene.daemon.signal(.stopTerminal)
                    try eventually(within: 60, "it is back in its queue") { try scene.jobs.queue().count == 1 }
                }
                #expect(scene.daemon.stop() == .exited(0))
                let done = numbers("element", scene)
                #expect(done == Array(0..<done.count), "each once, in their order")
                #expect(try iteration("a", scene)["c"] == "\(done.count)")
                #expect(try iteration("a", scene)["ex"] == "\(round)")
                let waiting = try #require(scene.jobs.texts().first)
                #expect(waiting.contains(#""class":"Each","args":[1000,0.01],"jid":"a","created_at":1763791200000"#))
                scene.daemon.start()
            }
            eventually(within: 60, "it is complete") { scene.ledger.contains("complete") }
            eventually(within: 60, "and settled") { (try? scene.jobs.reserved()) == 0 }
            #expect(numbers("element", scene) == Array(0..<1000))
            #expect(scene.ledger.filter { $0.hasPrefix("begin") } == Array(repeating: "begin a 1", count: 5))
            #expect(try scene.jobs.number("stat:processed") == 5 && scene.jobs.number("stat:failed") == 0)
            try scene.finish()
        }
    }

    @Test("when the worker is killed it goes on from what was last written; no element is left out")
    func workerKilled() throws {
        try Scene.run(Self.configuration(), files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Each", "a", args: "[1000,0.01]"))
            try eventually(within: 60, "its cursor is written") { try iteration("a", scene)["c"] != nil }
            let written = try #require(Int(iteration("a", scene)["c"] ?? ""))
            #expect(written > 0)
            for pid in scene.daemon.workers { kill(pid, SIGKILL) }
            eventually(within: 60, "it is complete") { scene.ledger.contains("complete") }
            let done = numbers("element", scene)
            #expect(Set(done) == Set(0..<1000))
            let counts = Dictionary(grouping: done, by: \.self).mapValues(\.count)
            #expect((0..<written).allSatisfy { counts[$0] == 1 }, "what was done before \(written) is not done again")
            eventually(within: 60, "it is settled") { (try? scene.jobs.reserved()) == 0 }
            #expect(try scene.jobs.call("EXISTS", "it-a").integer == 0)
            #expect(scene.daemon.stop() == .exited(0))
        }
    }

    @Test("cancelled as Sidekiq does it, it is done, with what belongs to that, and no more elements are")
    func cancelled() throws {
        try Scene.run(Self.configuration(), files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Each", "a", args: "[1000000,0.005]"))
            eventually(within: 60, "it runs") { numbers("element", scene).count > 10 }
            try scene.jobs.call("HSETNX", "it-a", "cancelled", "1795315261")
            eventually(within: 60, "it hears of that") { scene.ledger.contains("cancelled") }
            try eventually(within: 60, "it is done") { try scene.jobs.number("stat:processed") == 1 }
            #expect(try scene.jobs.number("stat:failed") == 0)
            // One that waits is told when it begins.
            try scene.jobs.call("HSETNX", "it-b", "cancelled", "1795315261")
            let before = numbers("element", scene).count
            try scene.jobs.push(Jobs.payload("Each", "b", args: "[10,0]"))
            try eventually(within: 60, "the other is done, too") { try scene.jobs.number("stat:processed") == 2 }
            #expect(numbers("element", scene).count == before)
            try scene.finish()
        }
    }

    @Test("with max_iteration_runtime others get their turn in between")
    func turns() throws {
        try Scene.run(Self.configuration("max_iteration_runtime: 1"), files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Each", "a", args: "[300,0.01]"))
            eventually(within: 60, "it runs") { numbers("element", scene).count > 10 }
            try scene.jobs.push(Jobs.payload("Child", "b", args: "[7]"))
            eventually(within: 60, "both are done") { scene.ledger.contains("complete") }
            #expect(numbers("element", scene) == Array(0..<300))
            let between = try #require(scene.ledger.firstIndex(of: "child 7"))
            #expect(between < scene.ledger.count - 1, "in the only slot, while there were elements left")
            try scene.finish()
        }
    }

    @Test("a retry goes on at the element that failed; children that elements push are not lost")
    func retried() throws {
        try Scene.run(Self.configuration(), files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("FailsOnce", "a", args: "[20,12]"))
            try eventually(within: 60, "it failed") { try scene.jobs.object("a", in: "retry") != nil }
            #expect(try iteration("a", scene)["c"] == "12")
            try scene.jobs.makeDue("retry")
            try eventually(within: 60, "it is done") { try scene.jobs.call("EXISTS", "it-a").integer == 0 }
            #expect(numbers("element", scene) == Array(0...12) + Array(12..<20))

            try scene.jobs.push(Jobs.payload("Family", "f", args: "[200]"))
            try eventually(within: 60, "it pushes") { try scene.jobs.queue().count > 20 }
            #expect(scene.daemon.stop() == .exited(0))
            scene.daemon.start()
            eventually(within: 60, "all children are there") { Set(numbers("child", scene)) == Set(0..<200) }
            #expect(numbers("child", scene).count == 200)
            try scene.finish()
        }
    }

    @Test("martlet try does such a job as well, from where it is told to")
    func tried() throws {
        let daemon = Daemon(Self.configuration(), server: RedisServer(), files: Self.files)
        defer { daemon.end() }
        let run = daemon.martlet(["try", "Each", "5", "0", "--cursor", "3", "--json"])
        #expect(run.code == 0, "\(run.output)")
        #expect(daemon.lines(of: "ledger").suffix(3) == ["element 3", "element 4", "complete"])
        #expect(run.output.contains(#""cursor":3"#), "\(run.output)")
    }
}
