import Glibc
package import Logging

/// Connects swift-log with standard error or the journal, once for the process.
package enum LogSetup {
    private static let buffer = Monitor<LogBuffer?>(nil)

    /// Chooses form and outlet; every `Logger` made afterwards uses them.
    ///
    /// Call it once, before the first `Logger` and, with `buffered`, after signals have been blocked.
    /// - Parameters:
    ///   - level: lines below it are not written.
    ///   - buffered: a thread writes and whoever logs never waits; false for a process that stays with one thread.
    ///   - component: such as "supervisor" or "worker-0".
    ///   - leadingFields: names of fields that stand first in a line, in this order.
    package static func start(
        format: LogFormat, level: Logger.Level, buffered: Bool, component: String, leadingFields: [String] = []
    ) {
        let source = LogSource(component: component, pid: getpid(), leadingFields: leadingFields)
        let outlet = outlet(for: format, source, variable: { getenv($0).map { String(cString: $0) } })
        let sink = sink(outlet, buffered: buffered)
        LoggingSystem.bootstrap(
            { _, provider in RecordingLogHandler(level: level, metadataProvider: provider, sink: sink) },
            metadataProvider: nil)
    }

    /// Waits until everything logged so far is written, but at most a second: a log nobody reads must not keep a
    /// process from ending. Without effect if nothing is buffered.
    package static func flush() {
        buffer.withLock { $0 }?.flush(until: .now().advanced(bySeconds: 1))
    }

    private static func sink(_ outlet: any LogOutlet, buffered: Bool) -> any LogSink {
        guard buffered else { return LogDirect(outlet: outlet) }
        let new = LogBuffer(outlet: outlet)
        // A process without a thread to spare still has something to say.
        guard new.start() else { return LogDirect(outlet: outlet) }
        buffer.withLock { $0 = new }
        return new
    }

    private static func outlet(
        for format: LogFormat, _ source: LogSource, variable: (String) -> String?
    ) -> any LogOutlet {
        switch format {
        case .auto:
            let isJournal = JournalOutlet.isConnected(to: STDERR_FILENO, stream: variable("JOURNAL_STREAM"))
            return outlet(for: isJournal ? .journal : .text, source, variable: variable)
        case .text:
            // https://no-color.org: any value but the empty one.
            let isPlain = !(variable("NO_COLOR") ?? "").isEmpty || variable("TERM") == "dumb"
            let isColored = Terminal.isTerminal(STDERR_FILENO) && !isPlain
            return LineOutlet(STDERR_FILENO, TextForm(source, isColored: isColored))
        case .json: return LineOutlet(STDERR_FILENO, JSONForm(source))
        case .journal: return JournalOutlet(JournalForm(source))
        }
    }
}
