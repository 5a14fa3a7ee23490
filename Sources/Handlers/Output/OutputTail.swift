/// The last bytes a process wrote to its standard error: the message of a failure that has no better one.
struct OutputTail {
    static let maximumBytes = 4096
    static let maximumLines = 20

    private var bytes: [UInt8] = []
    private var isTruncated = false

    mutating func append(_ more: UnsafeRawBufferPointer) {
        if more.count >= Self.maximumBytes {
            isTruncated = isTruncated || !bytes.isEmpty || more.count > Self.maximumBytes
            bytes = Array(more.suffix(Self.maximumBytes))
            return
        }
        bytes.append(contentsOf: more)
        if bytes.count > 2 * Self.maximumBytes { trim() }
    }

    /// The last whole lines, at most 20 in 4 KiB, without prefixes of a level and without the line feed at the end; "" if there were none.
    func lastLines() -> String {
        var tail = self
        tail.trim()
        var lines = tail.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        while let last = lines.last, last.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) { lines.removeLast() }
        // The first line has lost its beginning. If it is the only one, its end is still worth more than nothing.
        if tail.isTruncated, lines.count > 1 { lines.removeFirst() }
        let texts = lines.suffix(Self.maximumLines).map { line in
            line.withUnsafeBytes { Array($0[LineLevel.of($0).skipped...]) }
        }
        return String(decoding: Array(texts.joined(separator: [0x0A])), as: UTF8.self)
    }

    private mutating func trim() {
        guard bytes.count > Self.maximumBytes else { return }
        bytes.removeFirst(bytes.count - Self.maximumBytes)
        isTruncated = true
    }
}
