import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("The schedule")
struct ScheduleTests {
    static let configuration = """
        processes: 2
        concurrency: 5
        timeout: 5
        handlers:
          served: { command: [./serve.py], classes: [Time, Work], mode: serve }
          quick: { command: [\(QuickHandler.path)], classes: [Quick], mode: serve, threads: 5 }
        """

    @Test("a scheduled job starts at its time, at most 1 s late")
    func punctual() throws {
        try Scene.run(Self.configuration) { scene in
            // The first one pays for the start of the handler's process.
            for index in 0..<10 { try scene.jobs.push(Jobs.payload("Time", "warm\(index)")) }
            eventually(within: 30, "the handlers are warm") { scene.done.count == 10 }
            let start = try scene.jobs.now() + 1
            let due = (0..<8).map { start + Double($0) * 0.37 }
            for (index, time) in due.enumerated() {
                try scene.jobs.call("ZADD", "schedule", "\(time)", Jobs.payload("Time", "j\(index)"))
            }
            eventually(within: 30, "all of them are done") { scene.done.count == 18 }
            for line in scene.ledger where line.hasPrefix("time Time j") {
                let words = line.split(separator: " ")
                let late = (Double(words[3]) ?? 0) - due[Int(words[2].dropFirst()) ?? 0]
                #expect(late > -0.01, "never early")
                // Promised is 1 s; the rest is for a busy machine.
                #expect(late < 1 + 1, "\(line) is \(late) s late")
            }
            try scene.finish()
        }
    }

    @Test("10,000 jobs due at once are all promoted, each once")
    func burst() throws {
        try Scene.run(Self.configuration) { scene in
            let jids = (0..<10_000).map { "q\($0)" }
            for start in stride(from: 0, to: jids.count, by: 1000) {
                try scene.jobs.schedule(jids[start..<(start + 1000)].map { Jobs.payload("Quick", $0) })
            }
            eventually(within: 120, "all of them are done") { scene.done.count == jids.count }
            try scene.finish()
            var starts: [Substring: Int] = [:]
            for line in scene.ledger where line.hasPrefix("start") {
                starts[line.split(separator: " ")[2], default: 0] += 1
            }
            #expect(starts.count == jids.count && starts.values.allSatisfy { $0 == 1 })
        }
    }

    @Test("a promoted job gets its time of enqueueing, and all else stays")
    func promoted() throws {
        try Scene.run(Self.configuration + "\nqueues: [other]\n") { scene in
            let payload = #"{"class":"Time","args":[1.0, 1e400],"jid":"p","queue":"default"}"#
            let before = try scene.jobs.now()
            try scene.jobs.call("ZADD", "schedule", "1", payload)
            try eventually(within: 20, "it lies in its queue") { try scene.jobs.queue().count == 1 }
            let promoted = try scene.jobs.queue().first ?? []
            #expect(promoted.starts(with: payload.utf8.dropLast()))
            let enqueuedAt = Jobs.text(promoted).split(separator: "\"enqueued_at\":").last?.dropLast() ?? ""
            #expect((Double(enqueuedAt) ?? 0) / 1000 >= before - 0.01)
            try scene.finish(leaving: ["queue:default"])
        }
    }
}

extension Jobs {
    /// Puts jobs that are due into the schedule.
    func schedule(_ payloads: [String]) throws {
        var words = ["ZADD", "schedule"]
        for payload in payloads { words += ["1", payload] }
        _ = try redis.call(.init(words)).accepted()
    }
}
