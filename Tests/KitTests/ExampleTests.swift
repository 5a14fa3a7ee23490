import Configuration
import Foundation
import JobModel
import Redis
import TestSupport
import Testing

@testable import Handlers

@Suite("The examples of the kits are true")
struct ExampleTests {
    @Test(
        "the example of a kit is what its page shows, and does its job by hand and in every mode",
        arguments: Example.all)
    func handler(_ example: Example) throws {
        let page = Program.text(of: "\(example.folder)/README.md")
        let text = Program.text(of: "\(example.folder)/\(example.file)")
        #expect(!text.isEmpty)
        #expect(example.blocks(of: page).first == text, "the first block of the page is \(example.file)")
        let byHand = try #require(page.firstMatch(of: /By hand: `(.+)`/)?.1)
        let program = Program.run(["/bin/sh", "-c", String(byHand)], directory: example.folder)
        #expect(program.code == 0 && program.errors.contains("MailJob"), "\(program.output)\(program.errors)")
        for mode in example.kit.modes where mode != .threads {
            try doReport(example.kit, [example.kit.interpreter ?? "", "\(example.folder)/\(example.file)"], mode)
        }
    }

    @Test("the example of the Swift kit is what its page shows, and does its job in every mode")
    func swift() throws {
        let page = Program.text(of: "\(Kit.root)/Sources/MartletKit/README.md")
        let text = Program.text(of: "\(Kit.root)/Tests/KitFixture/Reports.swift")
        let example = Example(kit: .swift, folder: "", file: "", language: "swift")
        #expect(example.blocks(of: page).first == text.replacing("struct Reports", with: "@main\nstruct Reports"))
        for mode in Kit.swift.modes { try doReport(.swift, [Kit.swift.file, "reports"], mode) }
    }

    @Test(
        "the example of a job that iterates goes on where it is told to, in every mode that can",
        arguments: Example.all.filter { $0.kit.name != "shell" })
    func iterates(_ example: Example) throws {
        let page = Program.text(of: "\(example.folder)/README.md")
        let block = try #require(example.blocks(of: page).dropFirst(2).first, "there is no example of an iteration")
        let directory = TemporaryDirectory()
        let kit = try #require(
            FileManager.default.contentsOfDirectory(atPath: example.folder).first { $0.hasPrefix("martlet.") })
        try FileManager.default.copyItem(atPath: "\(example.folder)/\(kit)", toPath: "\(directory.path)/\(kit)")
        let program = "\(directory.path)/import.\(kit.dropFirst("martlet.".count))"
        try block.write(toFile: program, atomically: true, encoding: .utf8)
        for mode in example.kit.modes where mode != .spawn {
            var settings = example.kit.settings(mode, executable: try #require(example.kit.executable))
            settings.command = [example.kit.interpreter ?? "", program]
            let rig = try KitRig(settings, slots: 1)
            rig.goOn(at: "1")
            let payload = #"{"class":"ImportJob","args":[["a","b","c"]],"jid":"5c41e1f0a1b24a3f9c0d7e66"}"#
            let number = try rig.start(Array(payload.utf8), queue: "default")
            #expect(rig.finish([number]))
            let account = try #require(rig.accounts[number])
            #expect(
                account.report?.outcome == .succeeded, "\(mode): \(String(describing: account.report)) \(rig.lines)")
            let rows = try account.chunks.flatMap(\.jobs).map { try JSONValue(String(decoding: $0, as: UTF8.self)) }
            #expect(rows.map { $0["class"] } == [.string("RowJob"), .string("RowJob")])
            #expect(rows.map { $0["args"] } == [.array([.string("b")]), .array([.string("c")])])
            #expect(account.cursors.map { String(decoding: $0, as: UTF8.self) } == ["1", "2"])
        }
    }

    @Test("the client of a kit pushes, in bulk and later, as Sidekiq's would", arguments: Example.all)
    func client(_ example: Example) throws {
        let page = Program.text(of: "\(example.folder)/README.md")
        let block = try #require(example.blocks(of: page).dropFirst().first, "there is no example of the client")
        let (server, directory) = (RedisServer(), TemporaryDirectory())
        let files = FileManager.default
        let kit = try #require(files.contentsOfDirectory(atPath: example.folder).first { $0.hasPrefix("martlet.") })
        try files.copyItem(atPath: "\(example.folder)/\(kit)", toPath: "\(directory.path)/\(kit)")
        let program = "\(directory.path)/client.\(kit.dropFirst("martlet.".count))"
        try block.write(toFile: program, atomically: true, encoding: .utf8)
        let ended = Program.run(
            [try #require(example.kit.executable), program],
            environment: Program.cleanEnvironment + [
                "MARTLET_REDIS=unix://\(server.socketPath)", "MARTLET_BIN=\(Program.martlet)",
            ], directory: directory.path)
        #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
        try expectPushes(in: server)
    }

    @Test("the client of the Swift kit, as its page shows it, pushes, in bulk and later, as Sidekiq's would")
    func swiftClient() throws {
        let page = Program.text(of: "\(Kit.root)/Sources/MartletKit/README.md")
        let text = Program.text(of: "\(Kit.root)/Tests/KitFixture/Pushes.swift")
        let example = Example(kit: .swift, folder: "", file: "", language: "swift")
        #expect(example.blocks(of: page).last == text.replacing("struct Pushes", with: "@main\nstruct Pushes"))
        let server = RedisServer()
        let ended = Program.run(
            [Kit.swift.file, "client"],
            environment: Program.cleanEnvironment + ["MARTLET_REDIS=unix://\(server.socketPath)"])
        #expect(ended.code == 0, "\(ended.output)\(ended.errors)")
        try expectPushes(in: server)
    }

    /// What Tests/Fixtures/handler-protocol/README.md says of a client.
    private func expectPushes(in server: RedisServer) throws {
        let redis = try server.connect()
        func texts(_ command: String...) throws -> [String] {
            try redis.call(RedisCommand(command)).elements?.compactMap(\.text) ?? []
        }
        // The oldest is at the end of the list.
        let waiting = try texts("LRANGE", "queue:default", "0", "-1").reversed().map { try JSONValue($0) }
        #expect(try texts("SMEMBERS", "queues") == ["default"])
        #expect(waiting.map { $0["class"] } == [.string("ReportJob")] + Array(repeating: .string("MailJob"), count: 3))
        #expect(waiting.map { $0["args"]?.array } == [[.number(42)], [.number(1)], [.number(2)], [.number(3)]])
        let later = try texts("ZRANGE", "schedule", "0", "-1", "WITHSCORES")
        let scheduled = try JSONValue(try #require(later.first))
        #expect(later.count == 2 && Double(later[1]).map { $0 > Date().timeIntervalSince1970 } == true)
        #expect(scheduled["enqueued_at"] == nil && scheduled["at"] == nil)
        let now = Date().timeIntervalSince1970 * 1000
        for job in waiting + [scheduled] {
            #expect(job["jid"]?.string?.isMatched(by: "[0-9a-f]{24}") == true, "\(job)")
            #expect(job["queue"] == .string("default") && job["retry"] != nil, "\(job)")
            for stamp in ["created_at", "enqueued_at"] where stamp == "created_at" || job != scheduled {
                let milliseconds = job[stamp]?.number ?? 0
                #expect(milliseconds.rounded() == milliseconds && abs(now - milliseconds) < 60_000, "\(job)")
            }
        }
        #expect(Set((waiting + [scheduled]).map { $0["jid"]?.string }).count == 5)
    }

    private func doReport(_ kit: Kit, _ command: [String], _ mode: Mode) throws {
        var settings = kit.settings(mode, executable: try #require(kit.executable))
        settings.command = command
        let rig = try KitRig(settings, slots: 1)
        let payload = #"{"class":"ReportJob","args":[42],"jid":"5c41e1f0a1b24a3f9c0d7e66"}"#
        let number = try rig.start(Array(payload.utf8), queue: "default")
        #expect(rig.finish([number]))
        let account = try #require(rig.accounts[number])
        #expect(account.report?.outcome == .succeeded, "\(mode): \(String(describing: account.report)) \(rig.lines)")
        #expect(!account.progress.isEmpty)
        let children = try account.report?.children.map { try JSONValue(String(decoding: $0, as: UTF8.self)) } ?? []
        #expect(
            children.map { $0["class"] } == [.string("MailJob")] && children.first?["args"] == .array([.number(42)]))
    }
}

/// A kit's example: Tests/Fixtures/handler-protocol/README.md says what it has to be.
struct Example: CustomTestStringConvertible, Sendable {
    let kit: Kit
    let folder: String
    let file: String
    /// What its blocks are marked with.
    let language: String

    var testDescription: String { kit.name }

    /// Of the kits that are installed here; the conformance tests say which are not.
    static var all: [Example] {
        [
            (Kit.python, "example.py", "python"), (.ruby, "example.rb", "ruby"), (.node, "example.mjs", "js"),
            (.shell, "example.sh", "bash"),
        ].filter { $0.0.isInstalled }.map {
            Example(kit: $0.0, folder: "\(Kit.root)/Sources/Kits/\($0.0.name)", file: $0.1, language: $0.2)
        }
    }

    /// The blocks of code of a page that are in its language.
    func blocks(of page: String) -> [String] {
        page.components(separatedBy: "\n```\(language)\n").dropFirst().compactMap { rest in
            rest.range(of: "\n```").map { String(rest[..<$0.lowerBound]) + "\n" }
        }
    }
}
