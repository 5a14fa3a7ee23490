import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Jobs from Redis are done by handlers")
struct DeliveryTests {
    static let both = """
        processes: 2
        concurrency: 4
        timeout: 5
        handlers:
          spawned: { command: [./ledger.sh], classes: [Spawned] }
          served: { command: [./serve.py], classes: [Work], mode: serve }
        """

    @Test("jobs pushed by plain Redis commands are done by spawn and by serve, each once")
    func bothModes() throws {
        try Scene.run(Self.both) { scene in
            let jids = (0..<40).map { "job\($0)" }
            for (index, jid) in jids.enumerated() {
                try scene.jobs.push(Jobs.payload(index % 2 == 0 ? "Spawned" : "Work", jid))
            }
            eventually(within: 30, "all 40 jobs are done") { scene.done.count == 40 }
            try scene.finish()
            for jid in jids { #expect(scene.starts(jid) == 1 && scene.ends(jid) == 1) }
            #expect(try scene.jobs.number("stat:processed") == 40)
            #expect(try scene.jobs.number("stat:failed") == 0)
        }
    }

    @Test("an Active Job goes to the handler of the class it wraps")
    func wrapped() throws {
        try Scene.run(Self.both) { scene in
            try scene.jobs.push(
                Jobs.payload("Sidekiq::ActiveJob::Wrapper", "aj", more: #","wrapped":"Spawned""#))
            eventually(within: 30, "the job is done") { scene.done == ["aj"] }
            #expect(scene.ledger.first == "start Spawned aj 1")
            try scene.finish()
        }
    }

    @Test("class names are compared byte by byte: a composed and a decomposed é are two classes")
    func composedAndDecomposed() throws {
        try Scene.run(
            """
            concurrency: 2
            handlers:
              composed: { command: [./mark.sh, composed], classes: ["Caf\u{E9}"] }
              decomposed: { command: [./mark.sh, decomposed], classes: ["Cafe\u{301}"] }
            """, files: ["mark.sh": "#!/bin/sh\necho \"end $1 $MARTLET_JID\" >> ledger\n"]
        ) { scene in
            try scene.jobs.push(
                Jobs.payload("Caf\u{E9}", "c1"), Jobs.payload("Cafe\u{301}", "d1"),
                Jobs.payload(#"Caf\u00e9"#, "c2"), Jobs.payload(#"Cafe\u0301"#, "d2"))
            eventually(within: 30, "all four are done") { scene.done.count == 4 }
            try scene.finish()
            #expect(
                scene.ledger.sorted() == [
                    "end composed c1", "end composed c2", "end decomposed d1", "end decomposed d2",
                ])
        }
    }

    @Test("a class without a handler is retried, and the message names the class and the key to add")
    func unknownClass() throws {
        try Scene.run(Self.both) { scene in
            try scene.jobs.push(Jobs.payload("NobodyJob", "n"), Jobs.payload("Spawned", "s"))
            try eventually(within: 30, "it waits for retry") { try scene.jobs.object("n", in: "retry") != nil }
            let object = try scene.jobs.object("n", in: "retry") ?? [:]
            #expect(object["error_class"] as? String == "NoHandler")
            let message = object["error_message"] as? String ?? ""
            #expect(message.contains("NobodyJob") && message.contains("handlers.") && message.contains(".classes"))
            eventually(within: 30, "the other job is done") { scene.done == ["s"] }
            try scene.finish(leaving: ["retry"])
        }
    }

    @Test("a payload that is no job goes to the dead set as it is, and does not come back")
    func malformed() throws {
        let payloads: [[UInt8]] =
            [
                "", "not json", "[]", "{}", "null", "42", "\"text\"", #"{"args":[]}"#, #"{"class":5,"args":[]}"#,
                #"{"class":"","args":[]}"#, #"{"class":"Spawned","args":[1,]}"#, #"{"class":"Spawned"} trailing"#,
                #"{"class":"Spawned","class":"Work","args":[],"jid":"a"}"#,
                #"{"class":"Spawned","args":[],"jid":"a","jid":"a"}"#,
                #"{"class":"Spawned","args":[],"jid":"a","queue":"default","queue":"default"}"#,
                #"{"class":"Spawned","args":[],"jid":"a","retry":true,"retry":false}"#,
                #"{"class":"Spawned","args":[],"jid":"a","\u006aid":"b"}"#,
                #"{"class":"Spaw\u0000ned","args":[]}"#,
                "{\"class\":\"Spawned\",\"args\":" + String(repeating: "[", count: 5000)
                    + String(repeating: "]", count: 5000) + "}",
            ].map { Array($0.utf8) } + [
                Array(#"{"class":"Spawned","args":[""#.utf8) + [0xFF, 0xFE] + Array(#""]}"#.utf8),
                [0, 1, 2, 0xFF],
            ]
        try Scene.run(Self.both) { scene in
            try scene.jobs.push(payloads)
            try scene.jobs.push(Jobs.payload("Spawned", "good"))
            try eventually(within: 30, "all of them lie in the dead set") {
                try scene.jobs.call("ZCARD", "dead").integer == payloads.count
            }
            eventually(within: 30, "the good job is done") { scene.done == ["good"] }
            try scene.finish(leaving: ["dead"])
            let dead = try scene.jobs.members(of: "dead").map(\.payload)
            #expect(Set(dead) == Set(payloads))
            #expect(scene.ledger.count == 2, "none of them ran")
        }
    }
}
