import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Processes found by measurement")
struct AutoProcessesTests {
    private static let configuration = """
        processes: { min: 1, max: 2 }
        concurrency: 2
        timeout: 10
        queues:
          - soon: { latency: 100ms }
          - default
        handlers:
          sleeps: { command: [/bin/sleep, "1"], classes: [Nap] }
        """

    @Test("a queue that breaks its promise brings a second worker; log and status tell of queue and worker")
    func grows() throws {
        try Scene.run(Self.configuration) { scene in
            #expect(scene.daemon.workers.count == 1)
            let pushed = 1000
            try scene.jobs.push(
                (0..<pushed).map { Array(Jobs.payload("Nap", "nap-\($0)", queue: "soon").utf8) }, to: "soon")
            eventually(within: 60, "a second worker is there: \(scene.daemon.log.suffix(1500))") {
                scene.daemon.workers.count == 2 && scene.daemon.log.contains("worker 1 (pid ")
                    && scene.daemon.log.contains("is ready")
            }
            #expect(scene.daemon.log.contains("queue soon is late: its first job has waited for"))
            #expect(scene.daemon.log.contains("processes 1 -> 2: the first of"))
            try eventually(within: 30, "the second one fetches") {
                try scene.jobs.call("SMEMBERS", "processes").elements?.count == 2
            }
            let text = scene.daemon.martlet(["status"]).output
            #expect(text.contains("late: promised 100 ms"), "\(text)")
            let json = scene.daemon.martlet(["status", "--json"]).output
            #expect(json.contains(#""late" : true"#) && json.contains(#""promise" : 0.1"#), "\(json)")
            #expect(scene.daemon.stop() == .exited(0))
            #expect(try scene.jobs.number("stat:processed") + scene.jobs.queue("soon").count == pushed)
            #expect(try scene.jobs.reserved() == 0)
        }
    }
}
