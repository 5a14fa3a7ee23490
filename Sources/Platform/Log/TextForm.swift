import Logging

/// For people: "2026-11-22 05:18:03.123 INFO  worker-0[4711] done class=ReportJob jid=ab12".
package struct TextForm: LogForm {
    private let source: LogSource
    private let isColored: Bool

    package init(_ source: LogSource, isColored: Bool) {
        self.source = source
        self.isColored = isColored
    }

    package func line(for record: LogRecord) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(256)
        line += LogClock.local(record.time).utf8
        let (name, color) = Self.appearance(of: record.level)
        line += (isColored ? " \u{1B}[\(color)m\(name)\u{1B}[0m " : " \(name) ").utf8
        line += "\(source.component)[\(source.pid)] ".utf8
        Self.appendStatement(of: record, source, isColored: isColored, to: &line)
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// The message and the fields after it.
    static func appendStatement(
        of record: LogRecord, _ source: LogSource, isColored: Bool, to line: inout [UInt8]
    ) {
        LogEscape.append(record.message, quoted: false, to: &line)
        for (name, value) in source.fields(of: record) {
            line += (isColored ? " \u{1B}[2m" : " ").utf8
            LogEscape.append(name, quoted: false, to: &line)
            line += (isColored ? "=\u{1B}[0m" : "=").utf8
            let text = "\(value)"
            let needsQuotes = LogEscape.needsQuotes(text)
            if needsQuotes { line.append(UInt8(ascii: "\"")) }
            LogEscape.append(text, quoted: needsQuotes, to: &line)
            if needsQuotes { line.append(UInt8(ascii: "\"")) }
        }
    }

    /// A name of five letters, and a colour of ECMA-48's table.
    private static func appearance(of level: Logger.Level) -> (name: String, color: String) {
        switch level {
        case .trace: ("TRACE", "2")
        case .debug: ("DEBUG", "2")
        case .info: ("INFO ", "32")
        case .notice: ("NOTE ", "36")
        case .warning: ("WARN ", "33")
        case .error: ("ERROR", "31")
        case .critical: ("CRIT ", "1;31")
        }
    }
}
