import Platform
import TestSupport
import Testing

@Suite("Handlers that misbehave, each a program of Tests/EvilHandlers")
struct EvilHandlerTests {
    @Test("what becomes of their jobs is what the table says, and nobody else's", arguments: ["spawn", "serve"])
    func table(mode: String) throws {
        let deeds = Array(Misdeed.all.enumerated())
        let handlers = deeds.map { index, deed in
            let command = [EvilProgram.path(deed.command[0])] + deed.command.dropFirst()
            return """
                  \(deed.name(index)):
                    command: [\(command.joined(separator: ", "))]
                    classes: [\(deed.name(index))]
                    mode: \(mode)
                    timeout: \(deed.timeoutSeconds(in: mode))
                    grace: \(Misdeed.graceSeconds)

                """
        }
        try Scene.run(
            """
            concurrency: \(deeds.count + 2)
            timeout: 5
            limits: { payload: 2MB }
            handlers:
              good: { command: [./serve.py], classes: [Work], mode: serve }
            \(handlers.joined())
            """
        ) { scene in
            let workers = scene.daemon.workers
            for (index, deed) in deeds {
                let filler = String(repeating: "x", count: deed.payloadBytes)
                try scene.jobs.push(Jobs.payload(deed.name(index), "evil\(index)", args: "[\"\(filler)\"]"))
                for number in 0..<10 { try scene.jobs.push(Jobs.payload("Work", "good\(index)-\(number)")) }
            }
            eventually(within: 60, "all good jobs are done") {
                scene.done.count { $0.hasPrefix("good") } == 10 * deeds.count
            }
            for (index, deed) in deeds {
                try expect(deed.end(in: mode), of: "evil\(index)", "\(deed.row) \(deed) in mode \(mode)", scene)
            }
            // They fail their jobs, no more.
            #expect(scene.daemon.workers == workers)
            eventually(within: 20, "nobody of them is left") { strays(scene).isEmpty }
            #expect(try scene.jobs.reserved() == 0)
            try scene.finish(leaving: ["retry"])
        }
    }

    private func expect(_ end: Misdeed.End, of jid: String, _ what: String, _ scene: Scene) throws {
        let line = { scene.daemon.lines(of: "log").first { $0.contains("jid=\(jid) ") && $0.contains("duration=") } }
        eventually(within: 60, "\(what) has ended") { line() != nil }
        let text = line() ?? ""
        switch end {
        case .done:
            #expect(text.contains(" done "), "\(what): \(text)")
            #expect(try scene.jobs.object(jid, in: "retry") == nil, "\(what)")
        case .failed(let errorClass, let message):
            try eventually(within: 20, "\(what) waits for retry") { try scene.jobs.object(jid, in: "retry") != nil }
            let object = try scene.jobs.object(jid, in: "retry") ?? [:]
            #expect(object["error_class"] as? String == errorClass, "\(what): \(text)")
            #expect((object["error_message"] as? String)?.contains(message) == true, "\(what): \(object)")
        }
        guard case .failed("Timeout", _) = end else { return }
        // It takes timeout + grace, which EndingTests asks for; the rest is for a machine that does much else beside.
        let duration = text.firstMatch(of: /duration=([0-9.]+)/).flatMap { Double($0.1) } ?? .infinity
        #expect(duration < Misdeed.timeoutSeconds + Misdeed.graceSeconds + 15, "\(what)")
    }

    /// What lives in the daemon's directory and is no process of its own, nor the good handler.
    private func strays(_ scene: Scene) -> [String] {
        scene.daemon.survivors.map { Daemon.arguments(of: $0.pid) }
            .filter { $0.first != "martlet" && !$0.contains { $0.hasSuffix("serve.py") } }
            .map { $0.joined(separator: " ") }
    }

    @Test("a flood of output is left out beyond what a log should take, and neither memory nor others suffer")
    func floods() throws {
        try Scene.run(
            """
            concurrency: 12
            timeout: 5
            handlers:
              good: { command: [./serve.py], classes: [Work], mode: serve }
            \(["lines", "errors", "one-line", "binary"].flatMap { kind in ["spawn", "serve"].map { mode in
                """
                  \(mode)-\(kind): { command: [\(EvilProgram.path("floods.sh")), \(kind)], classes: [\(mode)-\(kind)], \
                mode: \(mode), timeout: 3, grace: 100ms }

                """
            } }.joined())
            """
        ) { scene in
            let worker = try #require(scene.daemon.workers.first)
            for kind in ["lines", "errors", "one-line", "binary"] {
                for mode in ["spawn", "serve"] {
                    try scene.jobs.push(Jobs.payload("\(mode)-\(kind)", "\(mode)-\(kind)"))
                }
            }
            var largest = 0
            for index in 0..<100 {
                try scene.jobs.push(Jobs.payload("Work", "good\(index)"))
                eventually(within: 30, "a good job is done beside the floods") { scene.done.contains("good\(index)") }
                largest = max(largest, ProcessIdentity.residentKB(of: worker) ?? 0)
            }
            try eventually(within: 60, "all floods have ended at their time limit") {
                try scene.jobs.members(of: "retry").count == 8
            }
            for member in try scene.jobs.members(of: "retry") {
                let object = Jobs.object(member.payload)
                #expect(object["error_class"] as? String == "Timeout", "\(object["class"] ?? "")")
                #expect((object["error_message"] as? String ?? "").utf8.count < 10_000)
            }
            #expect(largest < 200 << 10, "\(largest) KiB")
            #expect(scene.daemon.log.contains("bytes that a run printed: its last follow"))
            // 8 floods of 256 KiB, escaped, with some words to each line of two bytes.
            #expect(scene.daemon.bytes(of: "log").map(\.count) ?? 0 < 50 << 20)
            try scene.finish(leaving: ["retry"])
        }
    }
}
