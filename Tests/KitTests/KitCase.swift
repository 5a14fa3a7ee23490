import Foundation
import JobModel
import TestSupport
import Testing

@testable import Handlers

/// One of the jobs in Tests/Fixtures/handler-protocol/cases.json, and what is to become of it.
struct KitCase {
    let name: String
    /// As it stands in the file.
    let job: String
    let members: JSONValue

    static let folder = "\(Kit.root)/Tests/Fixtures/handler-protocol"

    static func all() throws -> [KitCase] {
        let text = "{\"all\":" + Program.text(of: folder + "/cases.json") + "}"
        let file = try JSONObject(scanning: Array(text.utf8))
        return try #require(file.elements(of: "all")).map { range in
            let bytes = Array(file.bytes[range])
            let object = try JSONObject(scanning: bytes)
            let job = object.raw(try #require(object.member("job")))
            return KitCase(
                name: try #require(object.string("name")), job: String(decoding: job, as: UTF8.self),
                members: try JSONValue(String(decoding: bytes, as: UTF8.self)))
        }
    }

    func isMeant(for kit: Kit, _ mode: Mode) -> Bool {
        let modes = members["modes"]?.array?.compactMap(\.string) ?? Mode.allCases.map(\.rawValue)
        return modes.contains(mode.rawValue) && members["except"]?[kit.name] == nil
    }

    var times: Int { Int(members["times"]?.number ?? 1) }
    var queue: String { members["queue"]?.string ?? "default" }
    var outcome: String { members["outcome"]?.string ?? "" }

    /// Others must not run beside it.
    var isAlone: Bool { times > 1 || outcome == "died" }

    /// The bytes of the job for one run.
    func payload(directory: String, jid: String) -> [UInt8] {
        var text = job.replacing("@directory", with: directory).replacing(/@text:(\d+)/) {
            String(repeating: "ä", count: Int($0.1) ?? 0)
        }
        if members["job"]?["jid"] == nil { text = text.dropLast() + ",\"jid\":\"\(jid)\"}" }
        return Array(text.utf8)
    }

    /// What is wrong with how a run of it ended; empty if nothing is.
    func objections(to account: KitRig.Account, of kit: Kit, log lines: [String]) throws -> [String] {
        guard let report = account.report else { return ["it never ended"] }
        var found: [String] = []
        func expect(_ condition: Bool, _ objection: @autoclosure () -> String) {
            if !condition { found.append(objection()) }
        }
        expect(report.outcome.word == outcome, "\(report.outcome) is not \(outcome)")
        let failure = report.outcome.failure
        for (text, name) in [(failure?.errorClass, "class"), (failure?.message, "message")] {
            guard let pattern = members[name]?.string else { continue }
            expect((text ?? "").isMatched(by: pattern), "the \(name) is \(text ?? "-"), not \(pattern)")
        }
        if case .snoozed(let seconds) = report.outcome {
            expect(seconds == members["seconds"]?.number, "\(seconds) seconds")
        }
        expect(failure?.retryIn == members["retry_in"]?.number, "retry in \(failure?.retryIn as Double?)")
        let backtrace = failure?.backtrace ?? []
        let patterns = members["backtrace"]?.array?.compactMap(\.string) ?? []
        let isShort = members["shorter"]?[kit.name] != nil
        for (index, pattern) in patterns.prefix(isShort ? 1 : .max).enumerated() {
            let isRight = index < backtrace.count && backtrace[index].isMatched(by: pattern)
            expect(isRight, "line \(index) of the backtrace is not \(pattern): \(backtrace)")
        }
        let children = try report.children.map { try Self.child($0) }
        if let expected = members["children"] {
            expect(JSONValue.array(children).isMatched(by: expected), "the children are \(children)")
        }
        if let count = members["child_count"]?.number {
            expect(children.count == Int(count), "there are \(children.count) children")
        }
        let chunks = try account.chunks.map {
            JSONValue.object([
                "jobs": .array(try $0.jobs.map { try Self.child($0) }),
                "checkpoint": try JSONValue(String(decoding: $0.checkpoint ?? [], as: UTF8.self)),
            ])
        }
        expect(JSONValue.array(chunks).isMatched(by: members["chunks"] ?? .array([])), "the chunks are \(chunks)")
        if let expected = members["progress"]?.array {
            let progress = account.progress.map {
                JSONValue.object([
                    "percent": $0.percent.map { .number(Decimal($0)) } ?? .null,
                    "note": $0.note.map { .string($0) } ?? .null,
                ])
            }
            expect(progress == expected, "the progress is \(progress)")
        }
        for pattern in members["log"]?.array?.compactMap(\.string) ?? [] {
            expect(lines.contains { $0.isMatched(by: pattern) }, "no line of the log is \(pattern): \(lines)")
        }
        return found
    }

    /// A child as it was written, without its own numbers and without what holds anyway.
    private static func child(_ bytes: [UInt8]) throws -> JSONValue {
        var child = try JSONValue(String(decoding: bytes, as: UTF8.self)).without("jid").without("created_at")
        for (name, value) in [("queue", JSONValue.string("default")), ("retry", .bool(true))] where child[name] == value
        {
            child = child.without(name)
        }
        return child
    }
}

extension Outcome {
    /// As the cases call it.
    var word: String {
        switch self {
        case .succeeded: "done"
        case .failed(let failure): ["Signal", "HandlerDied"].contains(failure.errorClass) ? "died" : "failed"
        case .died: "died"
        case .dead: "dead"
        case .discarded: "discard"
        case .snoozed: "snooze"
        default: "\(self)"
        }
    }
}
