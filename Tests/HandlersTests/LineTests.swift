import JobModel
import Platform
import Testing

@testable import Handlers

@Suite("Lines and what they mean")
struct LineTests {
    private func answer(_ line: String) throws(ProtocolViolation) -> Answer {
        do {
            return try Array(line.utf8).withUnsafeBytes { try Answer(parsing: $0) }
        } catch let violation as ProtocolViolation {
            throw violation
        } catch {
            preconditionFailure("only violations are thrown")
        }
    }

    @Test(
        "the common `done` is read without a JSON scanner, and means the same with one",
        arguments: [
            (#"{"done":7}"#, 7), (#"{"done": 7}"#, 7), (#"{"done":0}"#, 0),
            (#"{"done":123456789012345678}"#, 123_456_789_012_345_678),
        ])
    func done(line: String, number: Int) throws {
        #expect(Array(line.utf8).withUnsafeBytes { Answer.plainlyDone($0) } == number)
        #expect(try answer(line) == .final(number: number, .succeeded))
        #expect(try answer(" " + line + "\r") == .final(number: number, .succeeded))
    }

    @Test(
        "a line that is not exactly one answer breaks the protocol",
        arguments: [
            "", "{}", "7", "[]", #"{"done":7"#, #"{"done":7}}"#, #"{"done":07}"#, #"{"done":}"#, #"{"done":"7"}"#,
            #"{"done":7.5}"#, #"{"done":false}"#, #"{"done":7,"failed":7}"#, #"{"ready":false}"#, #"{"ready":1}"#,
            #"{"failed":7,"message":"m"}"#, #"{"failed":7,"class":"C"}"#, #"{"failed":7,"class":"","message":""}"#,
            #"{"snooze":7}"#, #"{"push":7}"#, #"{"push":7,"jobs":{}}"#, #"{"answer":7}"#, "{\"done\":7\u{0}}",
        ])
    func violations(line: String) {
        #expect(throws: ProtocolViolation.self) { try answer(line) }
    }

    @Test("pushed jobs keep their bytes")
    func push() throws {
        let line = #"{"push":7, "jobs":[ {"class":"R","args":[1.0,1e400]} ,{"a":"é\u00e9"}]}"#
        #expect(
            try answer(line)
                == .push(
                    number: 7, [Array(#"{"class":"R","args":[1.0,1e400]}"#.utf8), Array(#"{"a":"é\u00e9"}"#.utf8)]))
    }

    @Test("members nobody asked for are ignored")
    func unknownMembers() throws {
        #expect(try answer(#"{"done":7,"took":1.5}"#) == .final(number: 7, .succeeded))
        #expect(try answer(#"{"progress":7}"#) == .progress(number: 7, percent: nil, note: nil))
    }

    @Test("lines come out whole however the bytes arrive", arguments: [1, 2, 3, 7, 1000])
    func splitting(step: Int) {
        var splitter = LineSplitter(limit: 8)
        var found: [String] = []
        let take = { (piece: LineSplitter.Piece) in
            switch piece {
            case .line(let bytes): found.append(String(decoding: bytes, as: UTF8.self))
            case .cut(let bytes): found.append(String(decoding: bytes, as: UTF8.self) + "…")
            }
        }
        let bytes = Array("one\n\n12345678\n123456789\nlast\nno feed".utf8)
        for start in stride(from: 0, to: bytes.count, by: step) {
            bytes[start..<min(start + step, bytes.count)].withUnsafeBytes { splitter.feed($0, take) }
        }
        splitter.flush(take)
        #expect(found == ["one", "", "12345678", "12345678…", "last", "no feed"])
    }

    @Test("the last words are at most 20 whole lines in 4 KiB")
    func tail() {
        var tail = OutputTail()
        #expect(tail.lastLines() == "")
        Array("one\ntwo\n\n".utf8).withUnsafeBytes { tail.append($0) }
        #expect(tail.lastLines() == "one\ntwo")
        for number in 0..<10_000 { Array("line \(number)\n".utf8).withUnsafeBytes { tail.append($0) } }
        #expect(tail.lastLines() == (9980..<10_000).map { "line \($0)" }.joined(separator: "\n"))
        Array(repeating: UInt8(ascii: "x"), count: 100_000).withUnsafeBytes { tail.append($0) }
        #expect(tail.lastLines().utf8.count == OutputTail.maximumBytes)
    }

    @Test("a run line carries the payload as it is, without a deadline if there is none")
    func runLine() {
        var line: [UInt8] = []
        RunLine.append(run: 7, attempt: 1, deadlineMilliseconds: nil, payload: Array("{\"a\":\n1.0}".utf8), to: &line)
        RunLine.append(run: 80, attempt: 12, deadlineMilliseconds: 1_795_315_261_885, payload: [0x7B, 0x7D], to: &line)
        #expect(
            String(decoding: line, as: UTF8.self)
                == "{\"run\":7,\"attempt\":1,\"job\":{\"a\": 1.0}}\n"
                + "{\"run\":80,\"attempt\":12,\"deadline\":1795315261885,\"job\":{}}\n")
    }

    @Test("a handler that does not start is left alone for 0.1 s, doubling to 10 s")
    func backoff() {
        var backoff = StartBackoff()
        var now = MonotonicTime(nanoseconds: 0)
        var waits: [Double] = []
        for _ in 0..<9 {
            backoff.failed("x", now: now)
            waits.append((backoff.until.seconds(since: now) * 10).rounded() / 10)
            now = backoff.until
        }
        #expect(waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10])
        backoff.failed("another of the same round", now: now.advanced(bySeconds: -1))
        #expect(backoff.failures == 9)
        backoff.succeeded()
        #expect(!backoff.isFailing)
    }
}
