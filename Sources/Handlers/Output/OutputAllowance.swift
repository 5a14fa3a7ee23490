/// What one run has printed: so much is passed on as it comes, and of the rest the last part when it ends.
struct OutputAllowance {
    /// Bytes passed on as they come.
    let head: Int
    /// Bytes of each stream kept of what comes after them.
    let tail: Int
    private(set) var count = 0
    private var stdout = OutputRing()
    private var stderr = OutputRing()

    /// - Parameter limit: bytes in all that a run's output may take in the log.
    init(limit: Int) {
        // A quarter says how it ended, and 64 KiB are some hundred lines.
        tail = min(limit / 4, 64 << 10)
        head = limit - tail
    }

    /// What comes next is kept rather than passed on.
    var isUsedUp: Bool { count >= head }

    /// So much more was printed, and passed on.
    mutating func pass(_ bytes: Int) { count += bytes }

    mutating func keep(_ bytes: UnsafeRawBufferPointer, from stream: HandlerOutput.Stream) {
        count += bytes.count
        switch stream {
        case .stdout: stdout.append(bytes, keeping: tail)
        case .stderr: stderr.append(bytes, keeping: tail)
        }
    }

    /// The same with its line feed.
    mutating func keepLine(_ bytes: UnsafeRawBufferPointer, from stream: HandlerOutput.Stream) {
        keep(bytes, from: stream)
        Self.lineFeed.withUnsafeBytes { keep($0, from: stream) }
    }

    private static let lineFeed: [UInt8] = [0x0A]

    /// What was kept of a stream.
    struct Kept {
        let stream: HandlerOutput.Stream
        /// Bytes before it that were not.
        let omitted: Int
        /// Whole lines, as far as there are any.
        let bytes: [UInt8]
    }

    /// Hands over what was kept; it counts all the same.
    mutating func takeKept() -> [Kept] {
        let (first, second) = (stdout.take(keeping: tail), stderr.take(keeping: tail))
        return [
            Kept(stream: .stdout, omitted: first.omitted, bytes: first.bytes),
            Kept(stream: .stderr, omitted: second.omitted, bytes: second.bytes),
        ].filter { $0.omitted + $0.bytes.count > 0 }
    }
}

/// The last bytes of a stream.
private struct OutputRing {
    private var bytes: [UInt8] = []
    private var omitted = 0

    mutating func append(_ more: UnsafeRawBufferPointer, keeping limit: Int) {
        if more.count >= limit {
            omitted += bytes.count + more.count - limit
            bytes.removeAll(keepingCapacity: true)
            bytes.append(contentsOf: more.suffix(limit))
            return
        }
        bytes.append(contentsOf: more)
        // Moved once for each time the limit has come in, not for each piece.
        if bytes.count > 2 * limit { trim(to: limit) }
    }

    mutating func take(keeping limit: Int) -> (omitted: Int, bytes: [UInt8]) {
        defer { self = OutputRing() }
        if bytes.count > limit { trim(to: limit) }
        // A line that has lost its beginning is left out with it, unless it is all there is.
        if omitted > 0, let end = bytes.firstIndex(of: 0x0A), end + 1 < bytes.count {
            omitted += end + 1
            bytes.removeFirst(end + 1)
        }
        return (omitted, bytes)
    }

    private mutating func trim(to limit: Int) {
        omitted += bytes.count - limit
        bytes.removeFirst(bytes.count - limit)
    }
}
