import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("A class that leaves memory behind is kept apart")
struct IsolatedTests {
    /// Writes down its pid with each job, then keeps as many MB as the first argument says.
    private static let files = [
        "keep.py": """
        #!/usr/bin/python3
        import json, os
        ledger = os.open("ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        kept = []
        os.write(4, b'{"ready":true}\\n')
        for line in os.fdopen(3, "rb"):
            message = json.loads(line)
            if "run" not in message: break
            job = message["job"]
            if job["args"] and job["args"][0]: kept.append(b"x" * (job["args"][0] << 20))
            os.write(ledger, f"end {job['class']} {job['jid']} {os.getpid()}\\n".encode())
            os.write(4, b'{"done":%d}\\n' % message["run"])
        """
    ]

    private static let configuration = """
        processes: 2
        concurrency: 2
        handlers:
          served: { command: [./keep.py], classes: [Report, Mail], mode: serve, isolate: auto }
        """

    private func pids(_ scene: Scene, _ jids: [String]) -> Set<String> {
        Set(
            jids.compactMap { jid in
                scene.ledger.first { $0.contains(" \(jid) ") }?.split(separator: " ").last.map(String.init)
            })
    }

    /// Pushes jobs and waits for them.
    private func run(_ scene: Scene, _ jobClass: String, _ jids: [String]) throws {
        for jid in jids { try scene.jobs.push(Jobs.payload(jobClass, jid)) }
        eventually(within: 30, "\(jids) are done") { jids.allSatisfy { scene.ends($0) == 1 } }
    }

    @Test("what stands on the list is kept apart by all workers, also after a restart, until an operator releases it")
    func list() throws {
        try Scene.run(Self.configuration, files: Self.files, starting: false) { scene in
            let entry =
                #"{"handler":"served","since":1795315261885,"reason":"job r took its process from 20 MB to 320 MB","#
                + #""host":"other","times":2,"last_cliff":1795315261885}"#
            _ = try scene.jobs.call("HSET", "martlet:isolated", "Report", entry)
            for round in 0..<2 {
                scene.daemon.start()
                try #require(scene.daemon.isRunning, "\(scene.daemon.log)")
                eventually(within: 20, "both workers say so") {
                    scene.daemon.log.split(separator: "\n").count { $0.contains("class Report is kept apart") } == 2
                        * (round + 1)
                }
                let reports = (0..<6).map { "r\(round)\($0)" }
                let mails = (0..<6).map { "m\(round)\($0)" }
                try run(scene, "Report", reports)
                #expect(pids(scene, reports).count == 6)
                for mail in mails { try run(scene, "Mail", [mail]) }
                #expect(pids(scene, mails).count <= 4, "they share processes")
                #expect(pids(scene, mails).isDisjoint(with: pids(scene, reports)))
                if round == 0 { #expect(scene.daemon.stop() == .exited(0)) }
            }

            let listed = scene.daemon.martlet(["isolated"]).output
            #expect(listed.contains("Report") && listed.contains("from 20 MB to 320 MB") && listed.contains("other"))
            #expect(scene.daemon.martlet(["status"]).output.contains("ISOLATED CLASS"))
            let status = Jobs.object(Array(scene.daemon.martlet(["status", "--json"]).output.utf8))
            let isolated = try #require((status["isolated"] as? [[String: Any]])?.first)
            #expect(isolated["class"] as? String == "Report" && isolated["handler"] as? String == "served")
            #expect(isolated["times"] as? Int == 2 && isolated["since"] as? Double == 1_795_315_261.885)

            #expect(scene.daemon.martlet(["isolated", "--release", "Report"]).output == "released Report\n")
            #expect(scene.daemon.martlet(["isolated"]).output == "no class is kept apart\n")
            let stranger = scene.daemon.martlet(["isolated", "--release", "Report"])
            #expect(stranger.status == .exited(65), "\(stranger)")
            eventually(within: 20, "both workers follow") {
                scene.daemon.log.split(separator: "\n").count { $0.contains("class Report is no longer kept apart") }
                    == 2
            }
            let after = (0..<6).map { "a\($0)" }
            for jid in after { try run(scene, "Report", [jid]) }
            #expect(pids(scene, after).count <= 4, "its jobs share processes again")
            try scene.finish()
        }
    }

    @Test("one cliff is enough: all workers keep the class apart, say why, and the other class goes on as before")
    func cliff() throws {
        try Scene.run(Self.configuration, files: Self.files) { scene in
            try run(scene, "Report", ["warm"])
            try scene.jobs.push(Jobs.payload("Report", "greedy", args: "[300]"))
            eventually(within: 30, "both workers say so") {
                scene.daemon.log.split(separator: "\n").count { $0.contains("class Report is kept apart") } == 2
            }
            let line = try #require(scene.daemon.log.split(separator: "\n").first { $0.contains("is kept apart") })
            #expect(line.contains(#"reason="job greedy took its process from "#), "\(line)")
            let greedy = try #require(pids(scene, ["greedy"]).first.flatMap { Int32($0) })

            let reports = (0..<4).map { "r\($0)" }
            for jid in reports { try scene.jobs.push(Jobs.payload("Report", jid, args: "[300]")) }
            eventually(within: 30, "they are done") { reports.allSatisfy { scene.ends($0) == 1 } }
            let own = pids(scene, reports)
            #expect(own.count == 4)
            eventually(within: 20, "what they took is given back") {
                own.compactMap { Int32($0) }.allSatisfy { ProcessEntry(pid: $0) == nil }
            }
            let cliffs = scene.daemon.log.split(separator: "\n").count { $0.contains("jid=r") && $0.contains("cliff") }
            #expect(cliffs == 0, "where it does no harm it is not told of again")
            let mails = (0..<4).map { "m\($0)" }
            for jid in mails { try run(scene, "Mail", [jid]) }
            #expect(pids(scene, mails).isDisjoint(with: own))
            #expect(ProcessEntry(pid: greedy) != nil, "the process it made large serves the others")
            let isolated = try #require(
                (Jobs.object(Array(scene.daemon.martlet(["isolated", "--json"]).output.utf8))["isolated"]
                    as? [[String: Any]])?.first)
            #expect(isolated["class"] as? String == "Report" && isolated["times"] as? Int == 1)
            try scene.finish(leaving: ["martlet:isolated"])
        }
    }

    @Test("a class that behaves for a hundred jobs is done with the others again, and is remembered")
    func behaves() throws {
        let configuration = Self.configuration.replacing("processes: 2", with: "processes: 1")
        try Scene.run(configuration, files: Self.files) { scene in
            try scene.jobs.push(Jobs.payload("Report", "greedy", args: "[300]"))
            eventually(within: 30, "it is kept apart") { scene.daemon.log.contains("class Report is kept apart") }
            try run(scene, "Report", (0..<99).map { "r\($0)" })
            #expect(!scene.daemon.log.contains("no longer kept apart"))
            try run(scene, "Report", ["r99"])
            eventually(within: 20, "it is released") {
                scene.daemon.log.contains("class Report is no longer kept apart: it behaved for 100 runs")
            }
            eventually(within: 20, "for all workers") {
                scene.daemon.martlet(["isolated"]).output == "no class is kept apart\n"
            }
            #expect(
                try scene.jobs.call("HGETALL", "martlet:isolated:times").elements?.compactMap(\.text) == [
                    "Report", "1",
                ])
            try scene.finish()
        }
    }
}
