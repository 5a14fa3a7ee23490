import Glibc

/// Cuts what arrives from a pipe into lines, without copying those that arrive whole.
struct LineSplitter {
    enum Piece {
        /// A whole line without its line feed; the bytes are valid during the call only.
        case line(UnsafeRawBufferPointer)
        /// The first `limit` bytes of a line that is longer; the rest of it, up to its line feed, is skipped.
        case cut(UnsafeRawBufferPointer)
    }

    /// Bytes of a line, without its line feed.
    let limit: Int
    private var partial: [UInt8] = []
    private var isSkipping = false

    init(limit: Int) { self.limit = limit }

    /// Takes the next bytes and hands out the lines they complete, in order.
    mutating func feed(_ bytes: UnsafeRawBufferPointer, _ take: (Piece) -> Void) {
        guard var start = bytes.baseAddress else { return }
        var left = bytes.count
        while left > 0, let found = memchr(start, 0x0A, left) {
            let length = UnsafeRawPointer(found) - start
            finish(UnsafeRawBufferPointer(start: start, count: length), take)
            start += length + 1
            left -= length + 1
        }
        if left > 0 { keep(UnsafeRawBufferPointer(start: start, count: left), take) }
    }

    /// Hands out what came after the last line feed: at the end of the stream it counts as a line.
    mutating func flush(_ take: (Piece) -> Void) {
        if !partial.isEmpty { partial.withUnsafeBytes { take(.line($0)) } }
        partial = []
        isSkipping = false
    }

    /// Hands over the line that has begun and forgets it: who takes it takes its rest as well.
    mutating func takePartial() -> [UInt8] {
        defer { forgetLine(skippingRest: false) }
        return partial
    }

    /// Forgets the line that has begun.
    ///
    /// - Parameter skippingRest: what comes next still belongs to it, up to its line feed.
    mutating func forgetLine(skippingRest: Bool) {
        partial = []
        isSkipping = skippingRest
    }

    private mutating func finish(_ line: UnsafeRawBufferPointer, _ take: (Piece) -> Void) {
        if isSkipping {
            isSkipping = false
        } else if partial.isEmpty, line.count <= limit {
            take(.line(line))
        } else {
            keep(line, take)
            if isSkipping {
                isSkipping = false
            } else {
                partial.withUnsafeBytes { take(.line($0)) }
                forget()
            }
        }
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer, _ take: (Piece) -> Void) {
        guard !isSkipping else { return }
        let room = limit - partial.count
        partial.append(contentsOf: bytes.prefix(room))
        if bytes.count > room {
            partial.withUnsafeBytes { take(.cut($0)) }
            forget()
            isSkipping = true
        }
    }

    /// A buffer that grew for one long line is not kept for the short ones that follow.
    private mutating func forget() { partial.removeAll(keepingCapacity: partial.capacity <= 16 << 10) }
}
