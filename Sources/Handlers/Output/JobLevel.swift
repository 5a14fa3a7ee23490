package import JobModel
package import Logging

/// From which level on lines of one job are logged.
extension Logger {
    /// This logger, from the level on that the job's `log_level` names: it may be lower or higher than our own.
    package func of(_ job: Job) -> Logger {
        guard let level = JobLevel.of(job) else { return self }
        var logger = self
        logger.logLevel = level
        return logger
    }
}

enum JobLevel {
    /// Nil if the job names none, or one we do not know.
    static func of(_ job: Job) -> Logger.Level? {
        switch job.logLevel {
        case nil: nil
        case .name(let name): LineLevel.named(name)
        case .number(let number): byNumber.indices.contains(number) ? byNumber[number] : nil
        }
    }

    /// Ruby's severities: DEBUG is 0, FATAL 4.
    private static let byNumber: [Logger.Level] = [.debug, .info, .warning, .error, .critical]
}
