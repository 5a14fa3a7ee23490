import TestSupport
import Testing

/// Rows D of docs/explanation/misbehaving-handlers.md against a whole daemon; WorkerTests/PayloadTests has every kind.
@Suite("Payloads that mean harm")
struct HostilePayloadTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// What is no job: it lies in the dead set as it was pushed.
    static let noJobs: [[UInt8]] = [
        bytes("hello"), bytes("null"), bytes("[]"), bytes(#"{"class":"Work","args":["#),
        bytes(Jobs.payload("Work", "x") + Jobs.payload("Work", "y")),
        [0xEF, 0xBB, 0xBF] + bytes(Jobs.payload("Work", "b")),
        bytes(#"{"class":"Work","args":[1,],"jid":"c"}"#),
        bytes(#"{"class":"Work","class":"Keep","args":[],"jid":"d"}"#),
        bytes(#"{"class":"Work\u0000","args":[],"jid":"e"}"#),
        bytes(#"{"class":"Work","args":[],"jid":"../../f"#) + [0xFF],
        bytes(#"{"class":"Work\r\n\u001b[31mERROR forged line jid=g","args":[],"jid":"g"}"#), [0x00, 0x01, 0x02],
    ]

    /// What is a job of a class that nobody does: it fails, and nothing is executed.
    static let strangers = [
        "work", "WORK", "Worк", "/bin/sh", "../work", "Work ", "$(touch pwned)", "-e", "Cafe\u{301}",
    ]

    @Test(
        "go to the dead set as they are, or fail for want of a handler; none is executed, and the log has a line for each"
    )
    func hostile() throws {
        try Scene.run(
            """
            concurrency: 2
            handlers:
              all: { command: [./ledger.sh], classes: [Work, "Caf\u{E9}", Args] }
            """
        ) { scene in
            try scene.jobs.push(Self.noJobs)
            for name in Self.strangers { try scene.jobs.push(Jobs.payload(name, "s\(name.utf8.count)")) }
            let markup = #"["<script>alert(1)</script>\u0000\r\n\u001b[2J\u202e","'; touch pwned; '"]"#
            try scene.jobs.push(Jobs.payload("Args", "markup", args: markup))
            try eventually(within: 30, "all that is no job is in the dead set") {
                try scene.jobs.members(of: "dead").count == Self.noJobs.count
            }
            try eventually(within: 30, "the strangers wait for retry") {
                try scene.jobs.members(of: "retry").count == Self.strangers.count
            }
            eventually(within: 30, "an odd argument is the handler's business") { scene.done == ["markup"] }
            #expect(Set(try scene.jobs.members(of: "dead").map(\.payload)) == Set(Self.noJobs))
            for member in try scene.jobs.members(of: "retry") {
                #expect(Jobs.object(member.payload)["error_class"] as? String == "NoHandler")
            }
            #expect(scene.ledger.count == 2)
            #expect(scene.daemon.bytes(of: "pwned") == nil)
            let log = scene.daemon.bytes(of: "log") ?? []
            #expect(!log.contains { $0 < 0x20 && $0 != 0x0A || $0 == 0x7F }, "no control character reaches the log")
            #expect(!scene.daemon.lines(of: "log").contains { $0.hasPrefix("ERROR forged") })
            #expect(
                scene.daemon.lines(of: "log").count { $0.contains("a payload that is no job") } == Self.noJobs.count)
            try scene.finish(leaving: ["dead", "retry"])
        }
    }
}
