import Logging

/// For systemd's journal: the whole statement as MESSAGE and each field once more on its own, so that
/// `journalctl MARTLET_JID=…` finds it. See systemd.journal-fields(7).
package struct JournalForm: Sendable {
    private let source: LogSource

    package init(_ source: LogSource) { self.source = source }

    /// "NAME=value" each. Values contain no line breaks.
    package func fields(for record: LogRecord) -> [[UInt8]] {
        var message = Array("MESSAGE=".utf8)
        TextForm.appendStatement(of: record, source, isColored: false, to: &message)
        var fields = [
            message, Array("PRIORITY=\(Self.priority(of: record.level))".utf8), Array("SYSLOG_IDENTIFIER=martlet".utf8),
            Array("MARTLET_COMPONENT=\(source.component)".utf8),
        ]
        for (name, value) in source.fields(of: record) {
            var field = Self.name(of: name)
            field.append(UInt8(ascii: "="))
            LogEscape.append("\(value)", quoted: false, to: &field)
            fields.append(field)
        }
        return fields
    }

    /// MARTLET_ and the name in upper case; the journal takes letters, digits and underscores, at most 64 of them.
    private static func name(of field: String) -> [UInt8] {
        let letters = field.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        return Array(("MARTLET_".utf8 + letters).prefix(64))
    }

    /// The levels of syslog(3).
    private static func priority(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
