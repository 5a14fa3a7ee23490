import JobModel
import Logging
import Platform
import Testing

@testable import Handlers

@Suite("From which level on the lines of a job are logged")
struct JobLevelTests {
    private final class Lines: LogSink, @unchecked Sendable {
        var texts: [String] = []  // only of this test's thread
        func add(_ record: LogRecord) { texts.append(record.message) }
    }

    private func job(_ members: String) throws -> Job {
        try Job(decoding: Array(#"{"class":"C","args":[],"jid":"j"\#(members)}"#.utf8))
    }

    @Test("log_level is a name of Ruby's or ours, or a number of Ruby's; anything else changes nothing")
    func names() throws {
        let levels: [(String, Logger.Level?)] = [
            (#""debug""#, .debug), (#""WARN""#, .warning), (#""fatal""#, .critical), (#""notice""#, .notice),
            ("0", .debug), ("4", .critical), ("9", nil), ("-1", nil), (#""loud""#, nil), ("null", nil), ("true", nil),
        ]
        for (value, level) in levels {
            #expect(try JobLevel.of(job(#","log_level":\#(value)"#)) == level, "\(value)")
        }
        #expect(try JobLevel.of(job("")) == nil)
    }

    @Test("what a run prints is logged by its job's level, lower or higher than the daemon's")
    func output() throws {
        let lines = Lines()
        let log = Logger(label: "test") { _ in RecordingLogHandler(level: .info, sink: lines) }
        for (number, members) in ["", #","log_level":"debug""#, #","log_level":"error""#].enumerated() {
            let run = Run(slot: 0, number: number, job: try job(members), queue: .standard)
            for level in [Logger.Level.debug, .info, .error] {
                HandlerOutput(
                    content: .line("\(number) \(level)"), level: level, stream: .stdout, handler: "h", pid: 1, run: run
                ).write(to: log)
            }
        }
        #expect(lines.texts == ["0 info", "0 error", "1 debug", "1 info", "1 error", "2 error"])
    }
}
