package import Logging

/// One line of the log before it has a form.
package struct LogRecord: Sendable {
    /// Milliseconds since 1970 UTC.
    package let time: Int64
    package let level: Logger.Level
    package let message: String
    package let metadata: Logger.Metadata

    package init(time: Int64, level: Logger.Level, message: String, metadata: Logger.Metadata = [:]) {
        self.time = time
        self.level = level
        self.message = message
        self.metadata = metadata
    }

    /// What a log that could not be written leaves behind when it goes on.
    static func dropped(_ count: Int, at time: Int64) -> LogRecord {
        LogRecord(
            time: time, level: .warning, message: "log lines were dropped because the log was not read in time",
            metadata: ["dropped": .stringConvertible(count)])
    }
}
