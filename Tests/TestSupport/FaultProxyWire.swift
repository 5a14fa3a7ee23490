/// Finds where values of the protocol RESP2 begin and end in a stream of bytes: commands of a client, answers of a server.
struct FaultProxyWire {
    private var bytes: [UInt8] = []
    private var start = 0

    /// One value: its bytes, and the first words if it is an array of bulks.
    struct Value {
        let bytes: [UInt8]
        /// At most the first three; without those that are no bulks. For a bulk, itself.
        let words: [[UInt8]]
    }

    mutating func feed(_ piece: UnsafeRawBufferPointer) {
        if start > 0 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: piece)
    }

    /// - Returns: nil until the next value has come in whole.
    mutating func next() -> Value? {
        var words: [[UInt8]] = []
        guard let end = end(of: start, words: &words) else { return nil }
        defer { start = end }
        return Value(bytes: Array(bytes[start..<end]), words: words)
    }

    private func end(of start: Int, words: inout [[UInt8]]) -> Int? {
        guard start < bytes.count, let line = endOfLine(from: start) else { return nil }
        let isBulk = bytes[start] == UInt8(ascii: "$")
        guard isBulk || bytes[start] == UInt8(ascii: "*") else { return line }
        let count = Int(String(decoding: bytes[(start + 1)..<(line - 2)], as: UTF8.self)) ?? -1
        guard count >= 0 else { return line }
        if isBulk {
            guard line + count + 2 <= bytes.count else { return nil }
            if words.count < 3 { words.append(Array(bytes[line..<(line + count)])) }
            return line + count + 2
        }
        var end = line
        for _ in 0..<count {
            guard let next = self.end(of: end, words: &words) else { return nil }
            end = next
        }
        return end
    }

    /// The place after the line's end.
    private func endOfLine(from start: Int) -> Int? {
        guard let feed = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        return feed + 1
    }
}
