package import Logging

/// What swift-log calls: makes a record of an event and hands it on.
package struct RecordingLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let sink: any LogSink
    // 8 KiB, so that a buffer full of the longest lines stays below 100 MB.
    private static let longestText = 8192

    package init(level: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil, sink: any LogSink) {
        logLevel = level
        self.metadataProvider = metadataProvider
        self.sink = sink
    }

    package subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        // The nearer to the event, the better it knows.
        if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
        if let own = event.metadata { fields.merge(own) { $1 } }
        if let error = event.error { fields["error"] = fields["error"] ?? .string("\(error)") }
        let record = LogRecord(
            time: WallClock.milliseconds(), level: event.level, message: Self.cut(event.message.description),
            metadata: fields.mapValues(Self.cut))
        sink.add(record)
    }

    private static func cut(_ value: Logger.MetadataValue) -> Logger.MetadataValue {
        if case .string(let text) = value { .string(cut(text)) } else { value }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > longestText else { return text }
        // The cut may fall into a character, of which the decoder then makes a replacement mark.
        let prefix = String(decoding: text.utf8.prefix(longestText), as: UTF8.self)
        return prefix + "… (\(text.utf8.count) bytes)"
    }
}
