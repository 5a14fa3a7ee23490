/// JSON text on one line, for protocols that end a message with a line feed.
package enum SingleLine {
    /// Appends valid JSON with every raw line feed and carriage return as a space.
    ///
    /// Between tokens they are white space like any other, and inside a string JSON does not allow them raw, so the
    /// value is the same. The common payload has none and is copied as it is.
    /// - Parameter payload: scanned JSON.
    package static func append(_ payload: [UInt8], to line: inout [UInt8]) {
        let start = line.count
        line += payload
        guard let first = firstBreak(in: payload) else { return }
        for index in first..<payload.count where payload[index] == 0x0A || payload[index] == 0x0D {
            line[start + index] = 0x20
        }
    }

    private static func firstBreak(in payload: [UInt8]) -> Int? {
        payload.withUnsafeBytes { buffer in
            var at = 0
            if let base = buffer.baseAddress {
                while at + 8 <= buffer.count {
                    let word = Word(base, at)
                    let breaks = word.bytes(equalTo: 0x0A) | word.bytes(equalTo: 0x0D)
                    if breaks != 0 { return at + Word.firstIndex(in: breaks) }
                    at += 8
                }
            }
            return buffer[at...].firstIndex { $0 == 0x0A || $0 == 0x0D }
        }
    }
}
