import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Advice from what runs cost")
struct AdviceTests {
    private static let configuration = """
        concurrency: 4
        timeout: 60
        queues: [default]
        handlers:
          sleeps: { command: [./sleep-briefly.sh], classes: [Sleep] }
          burns: { command: [./burn.sh], classes: [Burn] }
          fails: { command: [/bin/false], classes: [Fail] }
        """
    private static let files = [
        "sleep-briefly.sh": "#!/bin/sh\necho began >> began\nexec sleep 0.4\n",
        "burn.sh": "#!/bin/sh\ni=0; while [ $i -lt 200000 ]; do i=$((i+1)); done\n",
    ]

    private func advice(_ scene: Scene, _ more: String...) -> [String: Any] {
        Jobs.object(Array(scene.daemon.martlet(["advise", "--json"] + more).output.utf8))
    }

    private func classes(_ advice: [String: Any]) -> [String: [String: Any]] {
        let list = advice["classes"] as? [[String: Any]] ?? []
        return Dictionary(list.map { ($0["class"] as? String ?? "", $0) }) { first, _ in first }
    }

    @Test("advise shows what a real daemon's jobs cost, and recommends by it, for people and as JSON")
    func advise() throws {
        try Scene.run(Self.configuration, files: Self.files) { scene in
            try scene.jobs.push((0..<12).map { Jobs.payload("Sleep", "s\($0)") })
            try scene.jobs.push((0..<8).map { Jobs.payload("Burn", "b\($0)") })
            try scene.jobs.push(Jobs.payload("Fail", "f"))
            var found: [String: [String: Any]] = [:]
            eventually(within: 60, "all runs are counted") {
                found = classes(advice(scene))
                return found["Sleep"]?["runs"] as? Int == 12 && found["Burn"]?["runs"] as? Int == 8
                    && found["Fail"]?["failures"] as? Int == 1
            }
            let sleep = try #require(found["Sleep"]?["io_share"] as? Double)
            let burn = try #require(found["Burn"]?["io_share"] as? Double)
            #expect(sleep > burn && (0...1).contains(sleep) && (0...1).contains(burn))
            let shares = found.values.compactMap { $0["share"] as? Double }
            #expect(abs(shares.reduce(0, +) - 1) < 0.001)
            #expect((found["Sleep"]?["p95_ms"] as? Double ?? 0) >= 375)
            #expect(found["Sleep"]?["handler"] as? String == "sleeps")
            #expect(found["Sleep"]?["queues"] as? [String] == ["default"])

            let all = advice(scene)
            #expect((all["cliffs"] as? [Any])?.isEmpty == true && all["sure"] as? String == "low")
            let recommendations = all["recommendations"] as? [[String: Any]] ?? []
            let slots = try #require(recommendations.first { $0["setting"] as? String == "concurrency" })
            #expect((slots["value"] as? Int ?? 0) > 0 && slots["now"] as? Int == 4 && slots["sure"] as? String == "low")
            #expect((slots["arithmetic"] as? [String])?.contains { $0.hasPrefix("Amdahl's law") } == true)
            let host = all["host"] as? [String: Any] ?? [:]
            #expect((host["cores"] as? Double ?? 0) > 0 && (host["memory"] as? Int ?? 0) > 1 << 20)
            #expect(Array(classes(advice(scene, "--class", "Burn")).keys) == ["Burn"])
            #expect(advice(scene, "--class", "Burn")["measured"] as? Int ?? 99 <= 8)
            let unknown = scene.daemon.martlet(["advise", "--class", "Nobody"])
            #expect(unknown.code == 0 && unknown.output.contains("no run of Nobody"), "\(unknown.output)")
            // Of two incidents, one is a cliff; a third is older than what is asked for.
            func incident(_ kind: String, hoursAgo: Double) -> String {
                let at = Int((Date().timeIntervalSince1970 - hoursAgo * 3600) * 1000)
                return #"{"kind":"\#(kind)","class":"Burn","before":1,"peak":3,"after":2,"at":\#(at)}"#
            }
            for (kind, hours) in [("cliff", 30), ("growth", 0.1), ("cliff", 0.1)] {
                try scene.jobs.call("LPUSH", "martlet:incidents", incident(kind, hoursAgo: hours))
            }
            func kinds(_ list: String) -> [String] {
                (advice(scene)[list] as? [[String: Any]] ?? []).compactMap { $0["kind"] as? String }
            }
            #expect(kinds("cliffs") == ["cliff"] && kinds("incidents") == ["cliff", "growth"])
            try scene.jobs.call("DEL", "martlet:incidents")

            let text = scene.daemon.martlet(["advise"])
            #expect(text.code == 0 && text.errors.isEmpty, "\(text.errors)")
            for word in ["CLASS", "Sleep", "Burn", "`concurrency: ", "the next slot: +", "sure: low"] {
                #expect(text.output.contains(word), "\(word) in \(text.output)")
            }
            try scene.finish(leaving: ["retry"])
        }
    }

    @Test("what ran just before a stop is counted")
    func stop() throws {
        try Scene.run(Self.configuration, files: Self.files) { scene in
            try scene.jobs.push((0..<4).map { Jobs.payload("Sleep", "s\($0)") })
            eventually(within: 60, "they run") { scene.daemon.lines(of: "began").count == 4 }
            try scene.finish()
            #expect(classes(advice(scene, "--last", "10m"))["Sleep"]?["runs"] as? Int == 4)
        }
    }

    @Test("a run that ended before Redis went away is counted once when it is back")
    func outage() throws {
        try Scene.run(Self.configuration, files: Self.files) { scene in
            try scene.jobs.push((0..<4).map { Jobs.payload("Sleep", "s\($0)") })
            eventually(within: 60, "they run") { scene.daemon.lines(of: "began").count == 4 }
            for _ in 0..<3 {
                try scene.jobs.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try eventually(within: 30, "it is connected again") {
                    try scene.jobs.call("CLIENT", "LIST").text?.contains("martlet-worker-0") == true
                }
            }
            eventually(within: 60, "all are counted") { classes(advice(scene))["Sleep"]?["runs"] as? Int == 4 }
            try scene.finish()
            #expect(classes(advice(scene))["Sleep"]?["runs"] as? Int == 4)
        }
    }

    @Test("with nothing to go by, advise says so and what to do")
    func nothing() throws {
        try Scene.run(Self.configuration, files: Self.files, starting: false) { scene in
            let text = scene.daemon.martlet(["advise"])
            #expect(text.code == 0 && text.output.hasPrefix("Nothing is known yet"), "\(text.output)")
            let json = advice(scene)
            #expect(
                (json["classes"] as? [Any])?.isEmpty == true && (json["recommendations"] as? [Any])?.isEmpty == true)
            #expect(scene.daemon.martlet(["advise", "--last", "soon"]).code == 64)
            #expect(scene.daemon.martlet(["advise", "--last", "73h"]).code == 64)
            let keys = try scene.jobs.keys()
            #expect(keys.isEmpty, "it changes nothing")
        }
    }
}
