/// How a record is written down: values in, bytes out.
package protocol LogForm: Sendable {
    /// One line with its line break.
    func line(for record: LogRecord) -> [UInt8]
}

/// The forms by the names the configuration has for them.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `journal` if standard error is connected to it, otherwise `text`.
    case auto
    case text, json, journal
}
