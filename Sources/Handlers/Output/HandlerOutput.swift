import JobModel
package import Logging

/// Something a handler's process printed, on its way to the log.
package struct HandlerOutput: Sendable {
    package enum Content: Equatable, Sendable {
        /// One line, without its line feed; what is no UTF-8 in it is replaced.
        case line(String)
        /// So many bytes were not passed on, because they came faster than a log should be asked to take them.
        case dropped(bytes: Int)
        /// The run has printed so many bytes; what follows is kept back until its end, when its last bytes are passed on.
        case heldBack(after: Int, last: Int)
        /// So many bytes of the run are left out here: what follows is its last.
        case omitted(bytes: Int)
    }

    package enum Stream: String, Sendable { case stdout, stderr }

    package let content: Content
    /// As the line says itself, else info.
    package let level: Logger.Level
    package let stream: Stream
    /// The handler's configured name.
    package let handler: String
    package let pid: Int32
    /// The run it belongs to; nil if that cannot be known.
    package let run: Run?

    /// Writes it as one line of the log, if its level is one that is logged: of the job, or else of the log.
    package func write(to log: Logger) {
        let log = run.map { log.of($0.job) } ?? log
        var metadata: Logger.Metadata = [
            "handler": "\(handler)", "handler_pid": .stringConvertible(pid), "stream": "\(stream.rawValue)",
        ]
        if let run {
            metadata["class"] = "\(run.job.displayName)"
            if let jid = run.job.jid { metadata["jid"] = "\(jid)" }
        }
        switch content {
        case .line(let text): log.log(level: level, "\(text)", metadata: metadata)
        case .dropped(let bytes):
            log.log(
                level: level, "a handler prints faster than the log takes it: dropped \(bytes) bytes",
                metadata: metadata)
        case .heldBack(let after, let last):
            log.log(
                level: level,
                "a run has printed \(after) bytes: what follows is kept back, and its last \(last) bytes are logged at its end",
                metadata: metadata)
        case .omitted(let bytes):
            log.log(level: level, "left out \(bytes) bytes that a run printed: its last follow", metadata: metadata)
        }
    }
}
