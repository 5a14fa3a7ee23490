import JobModel
package import Logging

/// Something a handler's process printed, on its way to the log.
package struct HandlerOutput: Sendable {
    package enum Content: Equatable, Sendable {
        /// One line, without its line feed; what is no UTF-8 in it is replaced.
        case line(String)
        /// So many bytes were not passed on, because they came faster than a log should be asked to take them.
        case dropped(bytes: Int)
    }

    package enum Stream: String, Sendable { case stdout, stderr }

    package let content: Content
    package let stream: Stream
    /// The handler's configured name.
    package let handler: String
    package let pid: Int32
    /// The run it belongs to; nil if that cannot be known.
    package let run: Run?

    /// Writes it as one line of the log.
    package func write(to log: Logger) {
        var metadata: Logger.Metadata = [
            "handler": "\(handler)", "handler_pid": .stringConvertible(pid), "stream": "\(stream.rawValue)",
        ]
        if let run {
            metadata["class"] = "\(run.job.route.text)"
            if let jid = run.job.jid { metadata["jid"] = "\(jid)" }
        }
        switch content {
        case .line(let text): log.info("\(text)", metadata: metadata)
        case .dropped(let bytes):
            log.warning("a handler prints faster than the log takes it: dropped \(bytes) bytes", metadata: metadata)
        }
    }
}
