import JobModel
import Testing

@Suite("The words kept about a failure")
struct FailureTests {
    @Test("a message is cut at ten thousand characters, counted as Ruby counts them")
    func longMessage() {
        let failure = Failure(errorClass: "E", message: String(repeating: "e\u{301}", count: 6000))
        #expect(failure.message.unicodeScalars.count == 10_000)
        #expect(Failure(errorClass: "E", message: String(repeating: "🦅", count: 10_000)).message.utf8.count == 40_000)
        #expect(Failure(errorClass: String(repeating: "E", count: 9999), message: "").errorClass.count == 512)
    }

    @Test("the limit also holds for a message that is changed later")
    func changed() {
        var failure = boom
        failure.message = String(repeating: "x", count: 10_001)
        failure.errorClass = String(repeating: "E", count: 513)
        #expect(failure.message.utf8.count == 10_000)
        #expect(failure.errorClass.utf8.count == 512)
    }

    @Test("bytes that are not text are shown as replacement characters")
    func invalidUTF8() {
        let failure = Failure(errorClass: "E", messageBytes: Array("caf".utf8) + [0xE9, 0x0A, 0xFF] + Array("é".utf8))
        #expect(failure.message == "caf\u{FFFD}\n\u{FFFD}é")
    }

    @Test("a backtrace is written as far as the job wants it")
    func backtrace() throws {
        let failure = Failure(errorClass: "E", message: "", backtrace: ["a.rb:1 \"x\"", "b.rb:2", "c.rb:3"])
        func written(_ members: String) throws -> String? {
            try failure.backtraceJSON(for: job(with: members)).map { text($0) }
        }
        #expect(try written(#""backtrace":true"#) == #"["a.rb:1 \"x\"","b.rb:2","c.rb:3"]"#)
        #expect(try written(#""backtrace":2"#) == #"["a.rb:1 \"x\"","b.rb:2"]"#)
        #expect(try written(#""backtrace":0"#) == nil)
        #expect(try written("") == nil)
        #expect(try boom.backtraceJSON(for: job(with: #""backtrace":true"#)) == nil)
    }
}
