import JobModel
import Platform
import Queueing
import Testing

@testable import Handlers
@testable import Worker

/// What lies in a queue can be anything: what a worker decides about it before anything of it runs.
@Suite("Payloads nobody should have pushed")
struct PayloadTests {
    private static func job(args: String = "[]", more: String = "") -> [UInt8] {
        Array(#"{"class":"TestJob","args":\#(args),"jid":"a"\#(more)}"#.utf8)
    }

    /// Tests are named by their rows: some of the payloads would fill the terminal.
    private static func row(_ name: String, of rows: [(name: String, payload: [UInt8])]) throws -> (
        name: String, payload: [UInt8]
    ) {
        try #require(rows.first { $0.name == name })
    }

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    /// The rows of bad data, by what is wrong with each.
    static let bad: [(name: String, payload: [UInt8])] = [
        ("empty", []), ("not JSON", Array("hello".utf8)), ("truncated", Array(#"{"class":"TestJob","args":["#.utf8)),
        ("trailing bytes", job() + Array(" x".utf8)), ("two documents", job() + job()),
        ("null", Array("null".utf8)), ("an array", Array("[]".utf8)), ("a number", Array("42".utf8)),
        ("a string", Array(#""TestJob""#.utf8)), ("a raw NUL", job() + [0]),
        ("invalid UTF-8", job(args: "[\"").dropLast(0) + [0xFF]),
        ("overlong UTF-8", Array(#"{"class":"TestJob","args":[""#.utf8) + [0xC0, 0x80] + Array(#""]}"#.utf8)),
        (
            "an encoded surrogate",
            Array(#"{"class":"TestJob","args":[""#.utf8) + [0xED, 0xA0, 0x80] + Array(#""]}"#.utf8)
        ),
        ("a lone surrogate in the class", Array(#"{"class":"\ud800","args":[]}"#.utf8)),
        ("a byte order mark", [0xEF, 0xBB, 0xBF] + job()),
        ("UTF-16", Array(#"{"class":"A"}"#.utf8).flatMap { [$0, 0] }),
        ("a trailing comma", job(args: "[1,]")), ("a comment", job(args: "[/* one */]")),
        ("NaN", job(args: "[NaN]")), ("a number of hexadecimal digits", job(args: "[0x10]")),
        ("NUL in the class", Array(#"{"class":"Test\u0000Job","args":[]}"#.utf8)),
        ("NUL in the jid", Array(#"{"class":"TestJob","args":[],"jid":"a\u0000b"}"#.utf8)),
        ("a line break in the class", Array(#"{"class":"Test\nJob","args":[]}"#.utf8)),
        ("an escape of a terminal in the jid", Array(#"{"class":"TestJob","args":[],"jid":"\u001b[2J"}"#.utf8)),
        ("two classes", job(more: #","class":"Other""#)), ("two jids", job(more: #","jid":"b""#)),
        ("two queues", job(more: #","queue":"a","queue":"b""#)),
        ("two retries", job(more: #","retry":1,"retry":2"#)),
        ("two jids, one spelt by escapes", job(more: #","\u006aid":"b""#)),
        ("no class", Array(#"{"args":[]}"#.utf8)), ("a class that is a number", Array(#"{"class":5,"args":[]}"#.utf8)),
        ("an empty class", Array(#"{"class":"","args":[]}"#.utf8)),
        ("a class of 600 bytes", Array(#"{"class":"\#(String(repeating: "A", count: 600))","args":[]}"#.utf8)),
        ("a jid that is a number", Array(#"{"class":"TestJob","args":[],"jid":7}"#.utf8)),
        ("an empty jid", Array(#"{"class":"TestJob","args":[],"jid":""}"#.utf8)),
        // 99 arrays within the object are the 100 that may be open.
        ("101 levels", job(args: nested(100))), ("512 levels", job(args: nested(511))),
        ("a million levels", job(args: nested(1_000_000))),
        ("a byte more than 1 MiB", job(args: "[\"\(String(repeating: "x", count: 1 << 20))\"]")),
        ("ten times 1 MiB of what is not even JSON", [UInt8](repeating: 0x7B, count: 10 << 20)),
    ]

    @Test("go to the dead set by their bytes in Redis, none starts, and the next job does", arguments: bad.map(\.name))
    func buried(name: String) throws {
        let row = try Self.row(name, of: Self.bad)
        var bench = StateBench.connected(slots: 2)
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, payloads: [row.payload, StateBench.payload("good")])))
        let actions = bench.next()
        #expect(actions.starts.map(\.job.jid) == ["good"])
        #expect(actions.exchange?.settlements.map(\.verdict) == [.bury(payload: [])], "as it is, without a way back")
        #expect(actions.exchange?.settlements.map(\.counts) == [.nothing])
        let isTold = actions.notices.contains { if case .malformed = $0 { true } else { false } }
        #expect(isTold)
    }

    /// Odd, and still jobs.
    static let odd: [(name: String, payload: [UInt8])] = [
        ("no jid", Array(#"{"class":"TestJob","args":[]}"#.utf8)), ("a null jid", job(more: #","x":1"#)),
        ("a retry that is a word", job(more: #","retry":"yes""#)), ("a negative retry", job(more: #","retry":-1"#)),
        ("a retry of a billion", job(more: #","retry":1000000000"#)),
        ("a queue it did not come from", job(more: #","queue":"elsewhere""#)),
        ("a queue that is no name", job(more: #","queue":7"#)), ("a time in the past", job(more: #","at":1"#)),
        ("a time that is no number", job(more: #","at":"soon""#)), ("a time beyond all", job(more: #","at":1e400"#)),
        ("numbers nobody can hold", job(args: "[9007199254740993,123456789012345678901234567890,1e400,-0,1.10]")),
        ("members nobody knows twice", job(more: #","x":1,"x":2"#)),
        ("members that look alike", job(more: ",\"\u{E9}\":1,\"e\u{301}\":2")),
        ("NUL in an argument", job(args: #"["\u0000"]"#)), ("markup", job(args: #"["<script>\u001b[2J\r\n\u202e"]"#)),
        ("white space around", Array(" \n".utf8) + job() + Array("\t ".utf8)),
        ("100 levels", job(args: nested(99))), ("retry_count of 1e300", job(more: #","retry_count":1e300"#)),
        ("no args", Array(#"{"class":"TestJob"}"#.utf8)),
    ]

    @Test("are run as they are if they are only odd", arguments: odd.map(\.name))
    func run(name: String) throws {
        let row = try Self.row(name, of: Self.odd)
        var bench = StateBench.connected(slots: 1)
        let request = try #require(bench.next().exchange)
        bench.tell(.exchanged(bench.answer(to: request, payloads: [row.payload])))
        let starts = bench.next().starts
        #expect(starts.map(\.job.payload) == [row.payload], "not a byte is changed")
        bench.tell(.ran(slot: starts[0].slot, .init(outcome: .failed(Failure(errorClass: "E", message: "m")))))
        #expect(bench.next().exchange?.settlements.count == 1, "and whatever comes of it is written")
    }

    @Test("of 1 MiB to the byte are run; above 100 KiB with a warning that names the class and the size")
    func large() throws {
        let frame = Self.job(args: "[\"\"]").count
        for (size, isWarned) in [(100 << 10, false), ((100 << 10) + 1, true), (1 << 20, true)] {
            var bench = StateBench.connected(slots: 1)
            let payload = Self.job(args: "[\"\(String(repeating: "x", count: size - frame))\"]")
            #expect(payload.count == size)
            let request = try #require(bench.next().exchange)
            bench.tell(.exchanged(bench.answer(to: request, payloads: [payload])))
            let actions = bench.next()
            #expect(actions.starts.count == 1)
            let warned = actions.notices.compactMap { notice -> Int? in
                if case .large(_, let route, let bytes) = notice, route.text == "TestJob" { bytes } else { nil }
            }
            #expect(warned == (isWarned ? [size] : []))
        }
    }

    @Test("a child that would be buried for its weight fails the job that wanted it")
    func heavyChild() throws {
        let report = DispatchReport(
            slot: 0, number: 1, outcome: .succeeded, children: [Array(#"{"class":"C","args":["0123456789"]}"#.utf8)],
            durationSeconds: 0, handler: "h", pid: 1)
        let job = try Job(decoding: Array(#"{"class":"P","args":[]}"#.utf8))
        var random = SeededGenerator(seed: 1)
        func result(bytes: Int) -> RunResult {
            RunResult(
                report, of: job, random: &random, now: Timestamp(milliseconds: 1), as: .eight,
                limits: PayloadLimits(bytes: bytes))
        }
        #expect(result(bytes: 1000).children.count == 1)
        let heavy = result(bytes: 100)
        #expect(heavy.children.isEmpty)
        #expect(heavy.outcome.failure?.message.contains("limits.payload allows, 100") == true)
    }
}
