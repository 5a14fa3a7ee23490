import Glibc
import Logging
import Platform
import Testing

@Suite("What a log line looks like")
struct LogFormTests {
    private let source = LogSource(component: "worker-0", pid: 4711, leadingFields: ["class", "jid", "queue"])
    // 2026-11-22 04:18:03.123 UTC
    private let time: Int64 = 1_795_321_083_123

    private func record(_ message: String, _ metadata: Logger.Metadata, level: Logger.Level = .info) -> LogRecord {
        LogRecord(time: time, level: level, message: message, metadata: metadata)
    }

    private func text(_ record: LogRecord) -> String {
        // The time of day depends on the zone; it always takes 24 characters with its space.
        String(String(decoding: TextForm(source, isColored: false).line(for: record), as: UTF8.self).dropFirst(24))
    }

    private func json(_ record: LogRecord) -> String {
        String(decoding: JSONForm(source).line(for: record), as: UTF8.self)
    }

    private let done: Logger.Metadata = [
        "duration": .stringConvertible(0.012), "attempt": .stringConvertible(1), "queue": "default", "jid": "ab12",
        "class": "ReportJob",
    ]

    @Test("text: level, process, message, and the fields in a fixed order")
    func textLine() {
        let expected = "INFO  worker-0[4711] done class=ReportJob jid=ab12 queue=default attempt=1 duration=0.012\n"
        #expect(text(record("done", done)) == expected)
        let line = TextForm(source, isColored: false).line(for: record("done", done))
        #expect(String(decoding: line, as: UTF8.self).hasPrefix("2026-11-2"))
    }

    @Test("json: one object a line, numbers as numbers")
    func jsonLine() {
        let expected =
            #"{"time":"2026-11-22T04:18:03.123Z","level":"info","component":"worker-0","pid":4711,"message":"done","#
            + #""class":"ReportJob","jid":"ab12","queue":"default","attempt":1,"duration":0.012}"# + "\n"
        #expect(json(record("done", done)) == expected)
    }

    @Test("json: a field cannot replace a member of the line, nor leave it")
    func jsonEscapes() {
        let line = json(
            record(
                "a\"b\\c\nd\u{1B}[31m\u{2028}ü",
                ["message": "no", "list": ["x", ["k": "v"]], "flag": .stringConvertible(true)]))
        let expected =
            #""message":"a\"b\\c\nd\u001b[31m\u2028ü","flag":true,"list":["x",{"k":"v"}],"message_":"no"}"# + "\n"
        #expect(line.hasSuffix(expected))
    }

    @Test(
        "text: nothing a job says ends the line, drives the terminal or turns the text round",
        arguments: [
            ("two\nlines", #""two\nlines""#), ("\u{1B}[2J", #""\u001b[2J""#), ("a b", #""a b""#), ("", #""""#),
            ("k=v", #""k=v""#), ("say \"hi\"", #""say \"hi\"""#), ("C:\\n", #""C:\\n""#), ("\u{9B}31m", #"\u009b31m"#),
            ("\u{202E}gpj", #"\u202egpj"#), ("grüße", "grüße"), ("\r\n", #""\r\n""#), ("\u{7F}", #"\u007f"#),
        ])
    func textEscapes(value: String, written: String) {
        let line = text(record("m", ["f": .string(value)]))
        #expect(line == "INFO  worker-0[4711] m f=\(written)\n")
        #expect(text(record("m\u{1B}\n", [:])) == #"INFO  worker-0[4711] m\u001b\n"# + "\n")
    }

    @Test("text: colour on a terminal only")
    func colour() {
        let line = TextForm(source, isColored: true).line(for: record("m", ["f": "v"], level: .error))
        #expect(
            String(decoding: line, as: UTF8.self).contains(
                "\u{1B}[31mERROR\u{1B}[0m worker-0[4711] m \u{1B}[2mf=\u{1B}[0mv\n"))
    }

    @Test("journal: the whole statement for people, each field for filters")
    func journalFields() {
        let fields = JournalForm(source).fields(
            for: record("failed\nbadly", ["jid": "ab12", "error-class": "E"], level: .error))
        #expect(
            fields.map { String(decoding: $0, as: UTF8.self) } == [
                #"MESSAGE=failed\nbadly jid=ab12 error-class=E"#, "PRIORITY=3", "SYSLOG_IDENTIFIER=martlet",
                "MARTLET_COMPONENT=worker-0", "MARTLET_JID=ab12", "MARTLET_ERROR_CLASS=E",
            ])
    }

    @Test("the journal is chosen by the stream standard error is connected to")
    func journalStream() throws {
        let file = try FileDescriptor.memory("stream", containing: [])
        var status = stat()
        fstat(file.raw, &status)
        let stream = "\(status.st_dev):\(status.st_ino)"
        #expect(JournalOutlet.isConnected(to: file.raw, stream: stream))
        #expect(!JournalOutlet.isConnected(to: file.raw, stream: "1:1"))
        #expect(!JournalOutlet.isConnected(to: file.raw, stream: nil))
    }
}
