import JobModel
import Logging
import Platform

/// Passes what a handler process prints to the log, line by line, and no faster than the log should be asked to take.
struct OutputLog {
    enum Stream: String { case stdout, stderr }

    /// Longer lines are cut.
    static let maximumLineBytes = 8 << 10
    /// Each second; what is beyond is dropped, and counted in one line.
    static let maximumBytesPerSecond = 1 << 20
    static let maximumLinesPerSecond = 1000

    private let log: Logger
    private let handler: String
    private let pid: Int32
    private var stdout = LineSplitter(limit: maximumLineBytes)
    private var stderr = LineSplitter(limit: maximumLineBytes)
    private(set) var tail = OutputTail()
    private var second: MonotonicTime
    private var bytesThisSecond = 0
    private var linesThisSecond = 0
    private var bytesDropped = 0

    init(handler: String, pid: Int32, log: Logger, now: MonotonicTime) {
        self.handler = handler
        self.pid = pid
        self.log = log
        second = now
    }

    /// - Parameter run: the run the output belongs to; nil if that cannot be known.
    mutating func take(_ bytes: UnsafeRawBufferPointer, from stream: Stream, of run: Run?, now: MonotonicTime) {
        if stream == .stderr { tail.append(bytes) }
        turnSecond(now)
        bytesThisSecond += bytes.count
        guard bytesThisSecond <= Self.maximumBytesPerSecond else {
            bytesDropped += bytes.count
            skip(bytes, stream)
            return
        }
        let metadata = metadata(of: stream, run)
        var lines = linesThisSecond
        var dropped = 0
        let log = log
        feed(bytes, stream) { Self.write($0, to: log, metadata, &lines, &dropped) }
        linesThisSecond = lines
        bytesDropped += dropped
    }

    /// The stream ended: what stands after its last line feed is a line too.
    mutating func end(_ stream: Stream, of run: Run?) {
        let metadata = metadata(of: stream, run)
        var lines = linesThisSecond
        var dropped = 0
        let log = log
        switch stream {
        case .stdout: stdout.flush { Self.write($0, to: log, metadata, &lines, &dropped) }
        case .stderr: stderr.flush { Self.write($0, to: log, metadata, &lines, &dropped) }
        }
        linesThisSecond = lines
        bytesDropped += dropped
    }

    /// Says what was dropped and has not been said yet.
    mutating func reportDropped() {
        guard bytesDropped > 0 else { return }
        log.warning(
            "a handler prints faster than the log takes it: dropped \(bytesDropped) bytes",
            metadata: ["handler": "\(handler)", "pid": "\(pid)"])
        bytesDropped = 0
    }

    private mutating func turnSecond(_ now: MonotonicTime) {
        guard now.seconds(since: second) >= 1 else { return }
        reportDropped()
        second = now
        bytesThisSecond = 0
        linesThisSecond = 0
    }

    private mutating func feed(
        _ bytes: UnsafeRawBufferPointer, _ stream: Stream, _ take: (LineSplitter.Piece) -> Void
    ) {
        switch stream {
        case .stdout: stdout.feed(bytes, take)
        case .stderr: stderr.feed(bytes, take)
        }
    }

    private mutating func skip(_ bytes: UnsafeRawBufferPointer, _ stream: Stream) {
        let endsInLine = bytes.last != 0x0A
        switch stream {
        case .stdout: stdout.forgetLine(skippingRest: endsInLine)
        case .stderr: stderr.forgetLine(skippingRest: endsInLine)
        }
    }

    private func metadata(of stream: Stream, _ run: Run?) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["handler": "\(handler)", "pid": "\(pid)", "stream": "\(stream.rawValue)"]
        if let run {
            metadata["class"] = "\(run.job.route.text)"
            if let jid = run.job.jid { metadata["jid"] = "\(jid)" }
        }
        return metadata
    }

    private static func write(
        _ piece: LineSplitter.Piece, to log: Logger, _ metadata: Logger.Metadata, _ lines: inout Int,
        _ dropped: inout Int
    ) {
        let (line, mark): (UnsafeRawBufferPointer, String)
        switch piece {
        case .line(let bytes): (line, mark) = (bytes, "")
        case .cut(let bytes): (line, mark) = (bytes, " … (cut)")
        }
        lines += 1
        guard lines <= maximumLinesPerSecond else {
            dropped += line.count + 1
            return
        }
        log.info("\(String(decoding: line, as: UTF8.self))\(mark)", metadata: metadata)
    }
}
