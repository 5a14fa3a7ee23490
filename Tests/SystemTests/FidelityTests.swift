import TestSupport
import Testing

@Suite("A payload's bytes are its producer's")
struct FidelityTests {
    /// Numbers that a parser would round, empty things, escapes, spaces, unknown members, members that stand twice.
    static func payload(_ jobClass: String, _ jid: String, more: String = "") -> String {
        #"{ "class":"\#(jobClass)","args" : [1.0,1e400,-0,-0.0,12345678901234567890,9007199254740993,1E+2,[],{}, "#
            + #""é\u00e9\n\/\"\\ 日本 \ud83d\ude00 😀",{"b":1,"a":2,"b":3}],"jid":"\#(jid)","queue":"default","#
            + #""x-unknown":{"n":1.50},"twice":1,"twice":[2.0],"tags":["ü"],"at\u0061":null\#(more)}"#
    }

    static let configuration = """
        concurrency: 2
        timeout: 1
        handlers:
          spawned: { command: [./keep.sh], classes: ["Keep0", "Keep65", "Sleep*"] }
          served: { command: [./serve.py], classes: [Keep, KeepAndFail], mode: serve }
        """

    @Test("a spawned handler reads exactly them and a line feed")
    func spawned() throws {
        try Scene.run(Self.configuration) { scene in
            let payload = Self.payload("Keep0", "s")
            try scene.jobs.push(payload)
            eventually(within: 30, "the handler has read it") { scene.daemon.bytes(of: "kept.s.1") != nil }
            #expect(scene.daemon.text(of: "kept.s.1") == payload + "\n")
            #expect(scene.daemon.bytes(of: "kept.s.1") == Array((payload + "\n").utf8))
            try scene.finish()
        }
    }

    @Test("a serving handler reads exactly them as the member `job`")
    func served() throws {
        try Scene.run(Self.configuration) { scene in
            let payload = Self.payload("Keep", "s")
            try scene.jobs.push(payload)
            eventually(within: 30, "the handler has read it") { scene.daemon.bytes(of: "kept.s.1") != nil }
            let line = scene.daemon.bytes(of: "kept.s.1") ?? []
            #expect(
                line.starts(with: #"{"run":"#.utf8) && line.reversed().starts(with: (payload + "}\n").utf8.reversed()))
            try scene.finish()
        }
    }

    @Test("a line break between tokens becomes a space for a serving handler, and stays for a spawned one")
    func lineBreaks() throws {
        try Scene.run(Self.configuration) { scene in
            let payload = "{\"class\":\"KIND\",\n\"args\":[1,\r\n2],\"jid\":\"l\"\n}"
            try scene.jobs.push(payload.replacing("KIND", with: "Keep"))
            eventually(within: 30, "the serving handler has read it") { scene.daemon.bytes(of: "kept.l.1") != nil }
            #expect(scene.daemon.lines(of: "kept.l.1").count == 1)
            #expect(
                scene.daemon.text(of: "kept.l.1").hasSuffix("{\"class\":\"Keep\", \"args\":[1,  2],\"jid\":\"l\" }}\n"))
            let spawned = payload.replacing("KIND", with: "Keep0").replacing("\"l\"", with: "\"m\"")
            try scene.jobs.push(spawned)
            eventually(within: 30, "the spawned handler has read it") { scene.daemon.bytes(of: "kept.m.1") != nil }
            #expect(scene.daemon.bytes(of: "kept.m.1") == Array((spawned + "\n").utf8))
            try scene.finish()
        }
    }

    @Test("they survive the retry set, promotion and the dead set", arguments: [true, false])
    func retryAndDeath(bySpawn: Bool) throws {
        try Scene.run(Self.configuration) { scene in
            let payload = Self.payload(bySpawn ? "Keep65" : "KeepAndFail", "r", more: #","retry":1"#)
            // All but the closing brace; what Martlet adds follows.
            let kept = Array(payload.utf8.dropLast())
            try scene.jobs.push(payload)
            try eventually(within: 30, "it waits for retry") { try scene.jobs.object("r", in: "retry") != nil }
            let retried = try scene.jobs.members(of: "retry").first?.payload ?? []
            #expect(retried.starts(with: kept), "\(Jobs.text(retried))")
            try scene.jobs.makeDue("retry")
            try eventually(within: 30, "it is in the dead set") { try scene.jobs.object("r", in: "dead") != nil }
            let read = scene.daemon.bytes(of: "kept.r.2") ?? []
            #expect(Jobs.text(read).contains(Jobs.text(kept)), "what the second attempt has read")
            let dead = try scene.jobs.members(of: "dead").first?.payload ?? []
            #expect(dead.starts(with: kept), "\(Jobs.text(dead))")
            #expect(Jobs.object(dead)["retry_count"] as? Int == 1)
            try scene.finish(leaving: ["dead"])
        }
    }

    @Test("a job that a stop interrupts lies in its queue as it was pushed")
    func requeue() throws {
        try Scene.run(Self.configuration) { scene in
            let payload = Self.payload("Sleep600", "q")
            try scene.jobs.push(payload)
            eventually(within: 30, "it runs") { scene.daemon.bytes(of: "kept.q.1") != nil }
            try scene.finish(leaving: ["queue:default"])
            #expect(try scene.jobs.queue() == [Array(payload.utf8)])
        }
    }

    @Test("a payload of 5 MB, where the limit allows it, arrives whole in both modes")
    func large() throws {
        try Scene.run(Self.configuration + "\nlimits: { payload: 8MB }") { scene in
            let text = String(repeating: "abcdefghij", count: 500_000)
            let spawned = Jobs.payload("Keep0", "big0", args: "[\"\(text)\"]")
            let served = Jobs.payload("Keep", "big1", args: "[\"\(text)\"]")
            try scene.jobs.push(spawned, served)
            eventually(within: 30, "both have read it") {
                scene.daemon.bytes(of: "kept.big0.1") != nil && scene.daemon.bytes(of: "kept.big1.1") != nil
            }
            // Compared outside of #expect, which would print all of it.
            let isWhole = scene.daemon.bytes(of: "kept.big0.1") == Array((spawned + "\n").utf8)
            let isServedWhole = scene.daemon.text(of: "kept.big1.1").hasSuffix(served + "}\n")
            #expect(isWhole)
            #expect(isServedWhole)
            try scene.finish()
        }
    }
}
