/// Keeps what others say in a log line from ending the line, moving the cursor or hiding text.
enum LogEscape {
    /// Appends text with every control character, line separator and direction mark written as an escape.
    ///
    /// - Parameter quoted: a double quote and a backslash are escaped too, as between quotes.
    static func append(_ text: String, quoted: Bool, to line: inout [UInt8]) {
        // Most text is plain ASCII, for which bytes are enough.
        if text.utf8.allSatisfy({ isPlain($0) }) {
            line += text.utf8
            return
        }
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": line += "\\n".utf8
            case "\r": line += "\\r".utf8
            case "\t": line += "\\t".utf8
            case "\"" where quoted, "\\" where quoted: line += [UInt8(ascii: "\\"), UInt8(scalar.value)]
            case let scalar where isHarmful(scalar): appendUnicode(scalar.value, to: &line)
            default: line += scalar.utf8
            }
        }
    }

    /// Whether a value needs quotes to be told from what follows it.
    static func needsQuotes(_ text: String) -> Bool {
        text.isEmpty || text.utf8.contains { $0 <= 0x20 || special.contains($0) }
    }

    private static let special = Array("\"\\=".utf8)

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        // C0 with ESC, DEL and C1, whose 9B begins a sequence on its own in some terminals.
        case 0...0x1F, 0x7F...0x9F: true
        // Line and paragraph separators; marks, embeddings and isolates that change the direction of what follows.
        case 0x2028, 0x2029, 0x200E, 0x200F, 0x061C, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    private static func appendUnicode(_ value: UInt32, to line: inout [UInt8]) {
        let digits = String(value, radix: 16)
        line += "\\u".utf8
        line += repeatElement(UInt8(ascii: "0"), count: 4 - digits.utf8.count)
        line += digits.utf8
    }
}
