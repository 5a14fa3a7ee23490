import Platform

/// Cuts what one process prints into lines, and passes them on no faster than a log should be asked to take them.
struct OutputValve {
    /// Longer lines are cut.
    static let maximumLineBytes = 8 << 10
    /// Each second; what is beyond is dropped and counted.
    static let maximumBytesPerSecond = 1 << 20
    static let maximumLinesPerSecond = 1000

    private let handler: String
    private let pid: Int32
    private let pass: (HandlerOutput) -> Void
    private var stdout = LineSplitter(limit: maximumLineBytes)
    private var stderr = LineSplitter(limit: maximumLineBytes)
    private(set) var tail = OutputTail()
    private var second: MonotonicTime
    private var bytesThisSecond = 0
    private var linesThisSecond = 0
    private var bytesDropped = 0
    /// Where the dropped bytes came from last.
    private var lastDropped: (stream: HandlerOutput.Stream, run: Run?) = (.stdout, nil)

    init(handler: String, pid: Int32, now: MonotonicTime, pass: @escaping (HandlerOutput) -> Void) {
        self.handler = handler
        self.pid = pid
        self.pass = pass
        second = now
    }

    /// Whether what comes next would be dropped, as far as is known before it comes.
    var isFlooded: Bool { bytesThisSecond > Self.maximumBytesPerSecond }

    /// - Parameter run: the run the output belongs to; nil if that cannot be known.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer, from stream: HandlerOutput.Stream, of run: Run?, now: MonotonicTime
    ) {
        if stream == .stderr { tail.append(bytes) }
        if now.seconds(since: second) >= 1 { turnSecond(now) }
        bytesThisSecond += bytes.count
        if bytesThisSecond <= Self.maximumBytesPerSecond {
            split(stream, run) { $0.feed(bytes, $1) }
        } else {
            drop(bytes.count, stream, run)
            // What comes next is still the rest of a line of which the beginning was dropped.
            let isCut = bytes.last != 0x0A
            switch stream {
            case .stdout: stdout.forgetLine(skippingRest: isCut)
            case .stderr: stderr.forgetLine(skippingRest: isCut)
            }
        }
    }

    /// The stream ended: what stands after its last line feed is a line too.
    mutating func end(_ stream: HandlerOutput.Stream, of run: Run?) { split(stream, run) { $0.flush($1) } }

    /// Says what was dropped and has not been said yet.
    mutating func reportDropped() {
        guard bytesDropped > 0 else { return }
        let content = HandlerOutput.Content.dropped(bytes: bytesDropped)
        pass(
            HandlerOutput(
                content: content, stream: lastDropped.stream, handler: handler, pid: pid, run: lastDropped.run))
        bytesDropped = 0
    }

    private mutating func turnSecond(_ now: MonotonicTime) {
        reportDropped()
        second = now
        bytesThisSecond = 0
        linesThisSecond = 0
    }

    private mutating func drop(_ count: Int, _ stream: HandlerOutput.Stream, _ run: Run?) {
        bytesDropped += count
        lastDropped = (stream, run)
    }

    private mutating func split(
        _ stream: HandlerOutput.Stream, _ run: Run?,
        _ body: (inout LineSplitter, (LineSplitter.Piece) -> Void) -> Void
    ) {
        var lines = linesThisSecond
        var dropped = 0
        let take = { [handler, pid, pass] (piece: LineSplitter.Piece) in
            let (bytes, mark) =
                switch piece {
                case .line(let bytes): (bytes, "")
                case .cut(let bytes): (bytes, " … (cut)")
                }
            lines += 1
            if lines > Self.maximumLinesPerSecond {
                dropped += bytes.count + 1
            } else {
                let text = String(decoding: bytes, as: UTF8.self) + mark
                pass(HandlerOutput(content: .line(text), stream: stream, handler: handler, pid: pid, run: run))
            }
        }
        switch stream {
        case .stdout: body(&stdout, take)
        case .stderr: body(&stderr, take)
        }
        linesThisSecond = lines
        if dropped > 0 { drop(dropped, stream, run) }
    }
}
