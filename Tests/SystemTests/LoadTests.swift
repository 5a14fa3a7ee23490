import Foundation
import Platform
import Redis
import TestSupport
import Testing

/// A heavy one. MARTLET_DRAIN_JOBS makes it longer.
@Suite("Under load", .serialized)
struct LoadTests {
    @Test("draining jobs of 100 classes with 1,000 slots shows no growth")
    func drain() throws {
        let count = Parameter.integer("MARTLET_DRAIN_JOBS") ?? 20_000
        let configuration = """
            concurrency: 1000
            timeout: 5
            handlers:
              quick: { command: [\(QuickHandler.path), "0", noledger], classes: ["Class*"], mode: serve, threads: 250 }
            """
        // The log has a bound of its own; without it, what is measured is the work.
        try Scene.run(configuration + "\nlog: { level: notice }\n") { scene in
            func payloads(_ range: Range<Int>) -> [[UInt8]] {
                range.map { Array(Jobs.payload("Class\($0 % 100)", "j\($0)", args: "[\($0),\"text\"]").utf8) }
            }
            // Buffers and tables reach their size with the first jobs, and some of them hold their process up so that every
            // slot and process is needed.
            let warmUp = 10_000
            let pause = Array(Jobs.payload("ClassPause", "pause").utf8)
            try scene.jobs.push(payloads(0..<warmUp).enumerated().map { $0.offset % 100 == 0 ? pause : $0.element })
            try eventually(within: 60, "the first jobs are done") { try scene.jobs.number("stat:processed") == warmUp }

            try scene.jobs.push(payloads(0..<count), to: "staged")
            try scene.jobs.call("RENAME", "queue:staged", "queue:default")
            var (first, last): ([Census], [Census]) = ([], [])
            let deadline = MonotonicTime.now().advanced(bySeconds: 60 + Double(count) / 500)
            while MonotonicTime.now() < deadline {
                let done = try scene.jobs.number("stat:processed") - warmUp
                let census = Census(scene.daemon)
                if done <= count / 10 { first.append(census) }
                if done >= count - count / 10 { last.append(census) }
                if done >= count { break }
                usleep(10_000)
            }
            #expect(try scene.jobs.number("stat:processed") == count + warmUp)
            try #require(!first.isEmpty && !last.isEmpty)
            let memory = (first.map(\.residentKB).max() ?? 0, Census.median(last, \.residentKB))
            #expect(Double(memory.1) <= 1.1 * Double(memory.0), "resident KB of the tree: \(memory)")
            let threads = (Census.median(first, \.threads), Census.median(last, \.threads))
            #expect(threads.0 == threads.1)
            let descriptors = (Census.median(first, \.descriptors), Census.median(last, \.descriptors))
            #expect(abs(descriptors.0 - descriptors.1) <= 2, "one may be open for the moment of a look into /proc")
            #expect((first + last).allSatisfy { $0.zombies <= 1 } && last.last?.zombies == 0)
            try scene.finish()
        }
    }
}

enum Parameter {
    static func integer(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }
}

/// What a daemon's tree holds at a moment.
struct Census {
    var residentKB = 0
    var threads = 0
    var descriptors = 0
    var zombies = 0

    init() {}

    init(_ daemon: Daemon) {
        for entry in daemon.tree {
            if entry.isZombie {
                zombies += 1
                continue
            }
            residentKB += ProcessIdentity.residentKB(of: entry.pid) ?? 0
            threads += Self.entries(of: "/proc/\(entry.pid)/task")
            descriptors += Self.entries(of: "/proc/\(entry.pid)/fd")
        }
    }

    private static func entries(of directory: String) -> Int {
        // A process that ended meanwhile holds nothing.
        (try? FileManager.default.contentsOfDirectory(atPath: directory).count) ?? 0
    }

    static func median(_ all: [Census], _ value: (Census) -> Int) -> Int {
        let sorted = all.map(value).sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
