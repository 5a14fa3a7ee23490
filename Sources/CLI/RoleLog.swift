import Configuration
import Logging
import Platform

/// The log of one role, as the settings want it.
enum RoleLog {
    /// - Parameter buffered: a writer thread takes the lines, so that a stuck log never stops a job; not for the
    ///   supervisor, which has one thread.
    static func start(_ settings: Settings, component: String, buffered: Bool) -> Logger {
        LogSetup.start(
            format: LogFormat(rawValue: settings.logFormat) ?? .auto,
            level: Logger.Level(rawValue: settings.logLevel) ?? .info, buffered: buffered, component: component,
            leadingFields: ["class", "jid", "queue", "handler", "attempt", "duration"])
        return Logger(label: component)
    }
}
