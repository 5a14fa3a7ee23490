/// JSON strings, from text and back, and the sort of a lone value.
package enum JSONText {
    /// A text as a JSON string, quotes included. Only what must be escaped is: dashboards filter by raw bytes, so
    /// neither letters beyond ASCII nor `/` become escapes.
    package static func quote(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 2)
        append(quoted: text, to: &bytes)
        return bytes
    }

    /// Appends a text as a JSON string, quotes included.
    package static func append(quoted text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x08: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "b")]
            case 0x09: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            case 0x0A: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0x0C: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "f")]
            case 0x0D: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            case ..<0x20: bytes += Array("\\u00".utf8) + [hexDigit(byte >> 4), hexDigit(byte & 15)]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// What sort of value the bytes are, if they are exactly one JSON value with nothing but white space around it.
    ///
    /// - Throws: `JSONError` as `JSONObject.init(scanning:)` does, but any sort of value will do.
    package static func kind(scanning bytes: [UInt8], depthLimit: Int = 100) throws(JSONError) -> JSONKind {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in
            var scanner = JSONScanner(UnsafeRawBufferPointer(buffer), depthLimit: depthLimit)
            scanner.skipSpace()
            let kind = try scanner.value(depth: 0)
            scanner.skipSpace()
            guard scanner.peek == nil else { throw scanner.failure(.trailingBytes) }
            return kind
        }
    }

    /// Decodes the inside of a scanned string.
    ///
    /// - Returns: its UTF-8, and whether it was whole: a lone surrogate has no UTF-8 and became U+FFFD.
    static func unescape(_ inside: ArraySlice<UInt8>) -> (utf8: [UInt8], isWhole: Bool) {
        var utf8: [UInt8] = []
        utf8.reserveCapacity(inside.count)
        var isWhole = true
        var rest = inside
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                utf8.append(byte)
                continue
            }
            guard escape == UInt8(ascii: "u") else {
                utf8.append(meaning(ofEscape: escape))
                continue
            }
            let scalar = unicodeEscape(&rest)
            isWhole = isWhole && scalar != nil
            utf8 += Array(String(Character(scalar ?? "\u{FFFD}")).utf8)
        }
        return (utf8, isWhole)
    }

    private static func meaning(ofEscape byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: byte  // the quote, the backslash, the slash
        }
    }

    /// Takes the digits of a `\u` escape and, after a high surrogate, the low one if it follows.
    private static func unicodeEscape(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
        let unit = hexNumber(rest.prefix(4))
        rest = rest.dropFirst(4)
        guard unit & 0xFC00 == 0xD800, rest.starts(with: Array("\\u".utf8)) else { return Unicode.Scalar(unit) }
        let low = hexNumber(rest.dropFirst(2).prefix(4))
        guard low & 0xFC00 == 0xDC00 else { return nil }
        rest = rest.dropFirst(6)
        return Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF))
    }

    private static func hexNumber(_ digits: ArraySlice<UInt8>) -> UInt32 {
        digits.reduce(0) { $0 << 4 | UInt32(hexValue($1) ?? 0) }
    }

    /// The value of a hexadecimal digit of either case.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// - Parameter nibble: 0 to 15.
    static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
