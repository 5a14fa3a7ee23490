import Foundation
import Platform
import TestSupport
import Testing

/// H10 and H11. MARTLET_STORM_JOBS makes them longer: so many jobs for serve, a twentieth of that for spawn.
@Suite("A storm of short jobs")
struct ShortJobTests {
    static let serveJobs = Parameter.integer("MARTLET_STORM_JOBS") ?? 10_000
    static let spawnJobs = max(500, serveJobs / 20)
    static let slots = 4

    @Test("leaves no descriptor open, and at no moment more zombies than slots", arguments: ["spawn", "serve"])
    func storm(mode: String) throws {
        let total = mode == "spawn" ? Self.spawnJobs : Self.serveJobs
        let command = mode == "spawn" ? "/bin/true" : "\(QuickHandler.path), \"0\", noledger"
        try Scene.run(
            """
            concurrency: \(Self.slots)
            handlers:
              quick: { command: [\(command)], classes: [Quick], mode: \(mode) }
            """
        ) { scene in
            let worker = try #require(scene.daemon.workers.first)
            func run(_ count: Int) throws {
                let before = try scene.jobs.number("stat:processed")
                var pushed = 0
                var worst = 0
                while case let done = try scene.jobs.number("stat:processed") - before, done < count {
                    if pushed < count, pushed - done < 2000 {
                        let batch = min(1000, count - pushed)
                        try scene.jobs.push((0..<batch).map { Jobs.payload("Quick", "\(before + pushed + $0)") })
                        pushed += batch
                    }
                    let zombies = ProcessTree.all().count { $0.parent == worker && $0.isZombie }
                    worst = max(worst, zombies)
                    try #require(scene.daemon.isRunning)
                }
                #expect(worst <= Self.slots, "\(worst) zombies at once")
            }
            try run(200)
            let before = Self.descriptors(of: worker)
            try run(total)
            // Six for each process that serves, of which there may be more now than there were; two for Redis.
            let limit = before + 6 * Self.slots + 2
            eventually(within: 20, "no more descriptors are open than before \(total) jobs: \(before)") {
                Self.descriptors(of: worker) <= limit
            }
            print("\(mode), \(total) jobs: \(before) descriptors before, \(Self.descriptors(of: worker)) after")
            #expect(scene.daemon.workers == [worker])
            #expect(try scene.jobs.number("stat:failed") == 0)
            eventually(within: 10, "no zombie is left") {
                !ProcessTree.all().contains { $0.parent == worker && $0.isZombie }
            }
            try scene.finish()
        }
    }

    private static func descriptors(of pid: Int32) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? .max
    }
}
