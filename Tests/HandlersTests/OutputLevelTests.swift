import Logging
import Testing

@testable import Handlers

@Suite("How severe a line of a handler's output is")
struct OutputLevelTests {
    private func level(_ line: String) -> (level: Logger.Level, skipped: Int) {
        Array(line.utf8).withUnsafeBytes { LineLevel.of($0) }
    }

    @Test(
        "a prefix as of sd-daemon says it, and is taken away",
        arguments: zip(0...7, ["critical", "critical", "critical", "error", "warning", "notice", "info", "debug"]))
    func prefix(number: Int, name: String) {
        #expect(level("<\(number)>text").level.rawValue == name)
        #expect(level("<\(number)>text").skipped == 3)
    }

    @Test("a JSON object says it by a name or by one of pino's numbers, and stays as it is")
    func objects() {
        for (line, name) in [
            (#"{"level":"warn","msg":"x"}"#, "warning"), (#"{"msg":"x","level":"ERROR"}"#, "error"),
            (#"{"level":10}"#, "trace"), (#"{"level":20}"#, "debug"), (#"{"level":30,"time":1}"#, "info"),
            (#"{"level":40}"#, "warning"), (#"{"level":50}"#, "error"), (#"{"level":60}"#, "critical"),
            (#"{"level":35.5}"#, "info"), (#"{"level":3}"#, "error"), (#"{"level":"fatal"}"#, "critical"),
        ] {
            #expect(level(line).level.rawValue == name, "\(line)")
            #expect(level(line).skipped == 0)
        }
    }

    @Test(
        "whatever says nothing of it is information, and stays as it is",
        arguments: [
            "text", "", "<", "<4", "<8>text", "<12>text", "<a>text", "{", #"{"level":"#, #"{"level":"loud"}"#,
            #"{"level":-1}"#, #"{"level":{"level":50}}"#, #"{"text":"level"}"#, #"["level"]"#, #"{"level":1e400}"#,
        ])
    func none(line: String) {
        #expect(level(line).level == .info)
        #expect(level(line).skipped == 0)
    }
}
