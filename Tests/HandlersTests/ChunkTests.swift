import Foundation
import JobModel
import TestSupport
import Testing

@testable import Handlers

@Suite("What a handler streams")
struct ChunkTests {
    @Test("each chunk is handed on as it was written, before the run's answer")
    func inOrder() throws {
        let rig = try Rig(serve(), slots: 1)
        #expect(try rig.run(job(#""chunks",3"#)).outcome == .succeeded)
        #expect(rig.chunks.map { String(decoding: $0.checkpoint ?? [], as: UTF8.self) } == ["1", "2", "3"])
        #expect(rig.chunks.allSatisfy { $0.jobs.count == 1 && $0.slot == 0 })
        #expect(try rig.nextReportChildren(after: #""push",{"class":"Row","args":[]}"#) == 1, "others wait for the ack")
    }

    @Test("the checkpoint of an earlier run comes in the run line, as it was written")
    func runLine() throws {
        let directory = TemporaryDirectory()
        let rig = try Rig(serve(arguments: [directory.path]), slots: 1)
        let payload =
            #"{"class":"Test","args":["done"],"martlet_checkpoint":{"a":[1.0,1e400,"é"]},"martlet_chunks":3}"#
        #expect(try rig.run(payload).outcome == .succeeded)
        let line = Program.text(of: directory.path + "/lines")
        #expect(line.hasPrefix(#"{"run":1,"attempt":1,"checkpoint":{"a":[1.0,1e400,"é"]},"job":{"class""#))
    }

    @Test("a spawned process has it in its environment, and none if there was none")
    func environment() throws {
        let directory = TemporaryDirectory()
        let handler = shell(#"printf '%s\n' "${MARTLET_CHECKPOINT-none}" >> \#(directory.path)/found"#)
        let rig = try Rig(handler, slots: 1)
        let longest = "\"" + String(repeating: "x", count: Checkpoint.longest - 2) + "\""
        for checkpoint in [#"{"row":1000}"#, "null", longest] {
            let payload = #"{"class":"Test","args":[],"martlet_checkpoint":\#(checkpoint)}"#
            #expect(try rig.run(payload).outcome == .succeeded)
        }
        #expect(try rig.run(job("")).outcome == .succeeded)
        #expect(Program.text(of: directory.path + "/found") == "{\"row\":1000}\nnone\n\(longest)\nnone\n")
    }

    @Test("a spawned process streams, too; without jobs a chunk is a checkpoint alone")
    func spawned() throws {
        let rig = try Rig(
            shell(#"echo '{"push":true,"checkpoint":[1]}' >&4; echo '{"push":0,"jobs":[],"checkpoint":"x"}' >&4"#))
        #expect(try rig.run(job("")).outcome == .succeeded)
        #expect(rig.chunks.map { String(decoding: $0.checkpoint ?? [], as: UTF8.self) } == ["[1]", "\"x\""])
        #expect(rig.chunks.allSatisfy { $0.jobs.isEmpty })
    }

    @Test("a checkpoint that is null is none: the children wait for the ack")
    func null() throws {
        let rig = try Rig(serve(), slots: 1)
        let line = #"{\"push\":N,\"jobs\":[{\"class\":\"Row\",\"args\":[]}],\"checkpoint\":null}"#
        let report = try rig.run(job(#""write","\#(line)""#))
        #expect(report.outcome == .succeeded && report.children.count == 1)
        #expect(rig.chunks.isEmpty)
    }

    @Test(
        "what is too much breaks the protocol, and the message says what, how much and the limit",
        arguments: [
            (#"{"push":true,"checkpoint":"@"}"#, "wrote a checkpoint of 65537 bytes; the limit is 65536"),
            (#"{"push":true,"jobs":[@],"checkpoint":1}"#, "pushed 10001 jobs in one chunk; the limit is 10000"),
            (#"{"push":true,"jobs":7,"checkpoint":1}"#, "without a list of `jobs`"),
        ])
    func tooMuch(line: String, complaint: String) throws {
        let directory = TemporaryDirectory()
        let filling =
            line.contains("[@]")
            ? Array(repeating: "{}", count: 10_001).joined(separator: ",")
            : String(repeating: "x", count: Checkpoint.longest - 1)
        try line.replacing("@", with: filling).write(
            toFile: directory.path + "/line", atomically: true, encoding: .utf8)
        let rig = try Rig(shell("cat \(directory.path)/line >&4; echo >&4"))
        let failure = try #require(try rig.run(job("")).outcome.failure)
        #expect(failure.errorClass == "ProtocolError")
        #expect(failure.message.contains(complaint), "\(failure.message)")
        #expect(rig.chunks.isEmpty)
    }

    @Test("what is said against a chunk fails the run, in both modes")
    func objection() throws {
        for handler in [serve(), shell(#"echo '{"push":0,"checkpoint":1}' >&4; sleep 60"#)] {
            let rig = try Rig(handler, slots: 1)
            rig.objection = "wrote what nobody wants"
            let failure = try #require(try rig.run(job(#""chunks",1"#)).outcome.failure)
            #expect(failure.errorClass == "ProtocolError" && failure.message.contains("wrote what nobody wants"))
        }
    }

    @Test("a process that is held blocks when its pipe is full, and goes on when it is let go")
    func held() throws {
        // 100 chunks of 10 KB are a megabyte; a pipe holds 64 KiB, and one read takes as much.
        let rig = try Rig(serve(), slots: 1)
        try rig.start(job(#""chunks",100"#))
        try #require(rig.turn { !rig.chunks.isEmpty })
        rig.dispatcher.hold(0, true)
        let count = rig.chunks.count
        rig.turn(within: 0.3) { false }
        #expect(rig.chunks.count == count)
        #expect(rig.reports.isEmpty)
        rig.dispatcher.hold(0, false)
        #expect(try rig.nextReport().outcome == .succeeded)
        #expect(rig.chunks.count == 100)
    }

    @Test("a held process that is killed is read to its end, and the next one in its slot is not held")
    func heldToTheEnd() throws {
        let rig = try Rig(serve(timeout: 0.5, grace: 0.1), slots: 1)
        try rig.start(job(#""chunks",100"#))
        try #require(rig.turn { !rig.chunks.isEmpty })
        rig.dispatcher.hold(0, true)
        #expect(try rig.nextReport().outcome.failure?.errorClass == "Timeout")
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded)
    }

    @Test("a run that has answered in time is not timed out because its process is held")
    func answeredWhileHeld() throws {
        let rig = try Rig(serve(timeout: 2, grace: 0.1), slots: 1)
        #expect(try rig.run(job(#""done""#)).outcome == .succeeded)
        try rig.start(job(#""chunks",3"#))
        rig.dispatcher.hold(0, true)
        let report = try rig.nextReport()
        #expect(report.outcome == .succeeded)
        #expect(report.durationSeconds >= 2, "it was held all the time")
        #expect(rig.chunks.count == 3)
    }
}

extension Rig {
    fileprivate func nextReportChildren(after arguments: String) throws -> Int {
        try run(job(arguments)).children.count
    }
}
