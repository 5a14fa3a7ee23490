import Platform
import Redis
import TestSupport
import Testing

@Suite("Payloads beyond the limits go to the dead set as they are")
struct PayloadLimitTests {
    @Test("from a queue and from the schedule, by size and by depth; large ones run with one warning")
    func limits() throws {
        try Scene.run(
            """
            concurrency: 2
            limits: { payload: 64KB, payload_warning: 16KB, depth: 10 }
            handlers:
              all: { command: [./serve.py], classes: ["*"], mode: serve }
            """
        ) { scene in
            let heavy = Jobs.payload("Work", "heavy", args: "[\"\(String(repeating: "h", count: 65_536))\"]")
            let huge = "{" + String(repeating: "[", count: 3 << 20)
            let deep = Jobs.payload("Work", "deep", args: "[[[[[[[[[[]]]]]]]]]]")
            let due = Jobs.payload("Work", "due", args: "[\"\(String(repeating: "d", count: 65_536))\"]")
            try scene.jobs.call("ZADD", "schedule", "1", due)
            try scene.jobs.push(heavy, huge, deep)
            for number in 0..<5 {
                let large = String(repeating: "l", count: 20_000)
                try scene.jobs.push(Jobs.payload("Work", "large\(number)", args: "[\"\(large)\"]"))
            }
            try eventually(within: 30, "all four are in the dead set") {
                try scene.jobs.members(of: "dead").count == 4
            }
            eventually(within: 30, "the large ones are done") { scene.done.count == 5 }
            let dead = try scene.jobs.members(of: "dead").map { Jobs.text($0.payload) }
            #expect(Set(dead) == [heavy, huge, deep, due], "to the byte")
            #expect(scene.daemon.log.contains("limits.payload"))
            #expect(scene.daemon.lines(of: "log").count { $0.contains("a large payload") } == 1)
            #expect(scene.daemon.lines(of: "log").allSatisfy { $0.utf8.count < 2000 }, "no payload in the log")
            #expect(try scene.jobs.number("stat:processed") == 5)
            try scene.finish(leaving: ["dead"])
        }
    }
}
