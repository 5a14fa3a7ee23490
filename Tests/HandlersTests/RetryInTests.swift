import JobModel
import Testing

@testable import Handlers

@Suite("A handler that says when its job is to be tried again")
struct RetryInTests {
    private func answer(_ line: String) throws -> Answer {
        try Array(line.utf8).withUnsafeBytes { try Answer(parsing: $0) }
    }

    @Test("says so with its failure, in seconds; null leaves it to the job's rules")
    func seconds() throws {
        for (value, seconds) in [("30", 30.0), ("0.5", 0.5), ("1e9", 1e9), ("null", nil)] {
            let line = #"{"failed":7,"class":"E","message":"m","retry_in":\#(value)}"#
            let failure = Failure(errorClass: "E", message: "m", retryIn: seconds)
            #expect(try answer(line) == .final(number: 7, .failed(failure)))
        }
    }

    @Test(
        "leaves it to the job's rules with anything else too, which is told, and keeps its error",
        arguments: ["0", "-1", "1000000001", #""30""#, "true", "[]", "1e400"])
    func absurd(_ value: String) throws {
        var failure = Failure(errorClass: "E", message: "m")
        failure.hasUnusableDelay = true
        #expect(
            try answer(#"{"failed":7,"class":"E","message":"m","retry_in":\#(value)}"#)
                == .final(number: 7, .failed(failure)))
    }

    @Test("has no say in that once it calls the job dead")
    func dead() throws {
        let line = #"{"dead":7,"class":"E","message":"m","retry_in":30}"#
        #expect(try answer(line) == .final(number: 7, .dead(Failure(errorClass: "E", message: "m"))))
    }

    @Test("is told when no retry is left")
    func last() {
        var line: [UInt8] = []
        RunLine.append(run: 7, attempt: 4, isLast: true, deadlineMilliseconds: 5, payload: [0x7B, 0x7D], to: &line)
        #expect(
            String(decoding: line, as: UTF8.self)
                == "{\"run\":7,\"attempt\":4,\"last\":true,\"deadline\":5,\"job\":{}}\n")
    }
}
