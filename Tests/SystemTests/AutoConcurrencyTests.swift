import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Concurrency found by measurement")
struct AutoConcurrencyTests {
    private static let configuration = """
        concurrency: { min: 2, max: 32, start: 3 }
        timeout: 10
        handlers:
          sleeps: { command: [/bin/sleep, "0.3"], classes: [Nap] }
        """

    @Test("a backlog of jobs that only wait makes a worker grow, and it says so everywhere; no job runs twice")
    func grows() throws {
        try Scene.run(Self.configuration) { scene in
            let text = scene.daemon.martlet(["status"]).output
            #expect(text.contains("3 (auto 2-32)"), "\(text)")
            let pushed = 3000
            try scene.jobs.push((0..<pushed).map { Jobs.payload("Nap", "nap-\($0)") })
            // How far it goes depends on what else this machine does.
            eventually(within: 300, "it has more slots: \(scene.daemon.log.suffix(500))") {
                scene.daemon.log.contains("concurrency 3 -> ")
            }
            #expect(scene.daemon.log.contains("jobs wait, CPU"))
            try eventually(within: 20, "the process record says so") {
                try scene.jobs.call("SMEMBERS", "processes").elements?.compactMap(\.text).contains {
                    try (scene.jobs.call("HGET", $0, "concurrency").integer ?? 0) > 3
                } == true
            }
            let json = scene.daemon.martlet(["status", "--json"]).output
            #expect(json.contains(#""concurrency_max" : 32"#) && json.contains(#""concurrency_min" : 2"#), "\(json)")
            #expect(scene.daemon.stop() == .exited(0))
            // Whatever ran was done once, whatever did not is where it was.
            #expect(try scene.jobs.number("stat:processed") + scene.jobs.queue().count == pushed)
            #expect(try scene.jobs.reserved() == 0)
        }
    }
}
