/// Walks over JSON text and finds where values begin and end, without building anything.
///
/// Strict: RFC 8259's grammar, UTF-8 without surrogates or overlong forms, no byte order mark. What another parser
/// might read differently is refused here, because the same bytes go on to handlers in other languages. The only
/// leniency is the RFC's own: an escaped lone surrogate (`\ud800`) is accepted.
///
/// - Note: `base` must stay valid for the scanner's life; nothing outside `0..<end` is read. Recursion is bounded by
///   `depthLimit`.
struct JSONScanner {
    private let base: UnsafeRawPointer
    let end: Int
    private let depthLimit: Int
    private(set) var at: Int

    init(_ buffer: UnsafeRawBufferPointer, from start: Int = 0, depthLimit: Int) {
        // An empty buffer may have no address; with end == 0 the base is never read.
        self.base = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1).unsafelyUnwrapped
        self.end = buffer.count
        self.depthLimit = depthLimit
        self.at = start
    }

    @inline(__always)
    private func byte(_ offset: Int) -> UInt8 { base.load(fromByteOffset: offset, as: UInt8.self) }

    /// The next byte, not consumed; nil at the end.
    @inline(__always)
    var peek: UInt8? { at < end ? byte(at) : nil }

    func failure(_ reason: JSONError.Reason) -> JSONError {
        JSONError(offset: at, reason: at < end ? reason : .unexpectedEnd)
    }

    @inline(__always)
    mutating func skipSpace() {
        while at < end {
            switch byte(at) {
            case 0x20, 0x0A, 0x0D, 0x09: at += 1
            default: return
            }
        }
    }

    @inline(__always)
    mutating func expect(_ wanted: UInt8) throws(JSONError) {
        guard at < end, byte(at) == wanted else { throw failure(.unexpectedByte) }
        at += 1
    }

    @inline(__always)
    mutating func take(_ wanted: UInt8) -> Bool {
        guard at < end, byte(at) == wanted else { return false }
        at += 1
        return true
    }

    /// Consumes one value, which must begin at the next byte.
    ///
    /// - Parameter depth: how many containers are open around it.
    mutating func value(depth: Int) throws(JSONError) -> JSONKind {
        guard at < end else { throw failure(.unexpectedEnd) }
        switch byte(at) {
        case UInt8(ascii: "\""):
            at += 1
            _ = try stringTail()
            return .string
        case UInt8(ascii: "{"):
            try open(depth)
            if take(UInt8(ascii: "}")) { return .object }
            repeat {
                _ = try memberKey()
                _ = try value(depth: depth + 1)
            } while try another(before: UInt8(ascii: "}"))
            return .object
        case UInt8(ascii: "["):
            try open(depth)
            if take(UInt8(ascii: "]")) { return .array }
            repeat { _ = try value(depth: depth + 1) } while try another(before: UInt8(ascii: "]"))
            return .array
        case UInt8(ascii: "t"): return try word("true", .true)
        case UInt8(ascii: "f"): return try word("false", .false)
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try number()
            return .number
        default: throw failure(.unexpectedByte)
        }
    }

    /// Consumes an opening bracket and the white space behind it.
    mutating func open(_ depth: Int) throws(JSONError) {
        guard depth < depthLimit else { throw failure(.tooDeep) }
        at += 1
        skipSpace()
    }

    /// Consumes what follows a member or an element.
    ///
    /// - Returns: true after a comma (and the space behind it), false after the closing bracket.
    mutating func another(before close: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        if take(UInt8(ascii: ",")) {
            skipSpace()
            if peek == close { throw failure(.trailingComma) }
            return true
        }
        try expect(close)
        return false
    }

    /// Consumes a key, its colon and the white space around that.
    ///
    /// - Returns: where the key lies, without quotes, and whether it holds an escape.
    mutating func memberKey() throws(JSONError) -> (range: Range<Int>, hasEscapes: Bool) {
        try expect(UInt8(ascii: "\""))
        let start = at
        let hasEscapes = try stringTail()
        let range = start..<(at - 1)
        skipSpace()
        try expect(UInt8(ascii: ":"))
        skipSpace()
        return (range, hasEscapes)
    }

    private mutating func word(_ text: StaticString, _ kind: JSONKind) throws(JSONError) -> JSONKind {
        for index in 0..<text.utf8CodeUnitCount {
            try expect(text.utf8Start[index])
        }
        return kind
    }
}

// MARK: - Numbers

extension JSONScanner {
    /// Consumes a number: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`. Its size is no matter here.
    private mutating func number() throws(JSONError) {
        _ = take(UInt8(ascii: "-"))
        if take(UInt8(ascii: "0")) {
            if let next = peek, isDigit(next) { throw failure(.badNumber) }
        } else {
            try digits()
        }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
    }

    private mutating func digits() throws(JSONError) {
        guard at < end, isDigit(byte(at)) else { throw failure(.badNumber) }
        repeat { at += 1 } while at < end && isDigit(byte(at))
    }

    @inline(__always)
    private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
}

// MARK: - Strings

extension JSONScanner {
    /// Consumes a string behind its opening quote, and the closing quote.
    ///
    /// - Returns: whether it holds an escape.
    mutating func stringTail() throws(JSONError) -> Bool {
        var hasEscapes = false
        while true {
            skipPlainASCII()
            guard at < end else { throw failure(.unexpectedEnd) }
            switch byte(at) {
            case UInt8(ascii: "\""):
                at += 1
                return hasEscapes
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try escape()
            case 0x80...: try beyondASCII()
            case ..<0x20: throw failure(.controlCharacter)
            default: at += 1  // the last bytes of the text, too few for a word
            }
        }
    }

    /// Skips bytes that mean nothing inside a string, eight at a time.
    @inline(__always)
    private mutating func skipPlainASCII() {
        while at &+ 8 <= end {
            let word = Word(base, at)
            let special =
                word.bytes(equalTo: 0x22) | word.bytes(equalTo: 0x5C) | word.bytesBelow(0x20) | word.bytesBeyondASCII
            if special != 0 {
                at &+= Word.firstIndex(in: special)
                return
            }
            at &+= 8
        }
    }

    private mutating func escape() throws(JSONError) {
        at += 1
        guard at < end else { throw failure(.unexpectedEnd) }
        switch byte(at) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            at += 1
        case UInt8(ascii: "u"):
            at += 1
            for _ in 0..<4 {
                guard at < end, JSONText.hexValue(byte(at)) != nil else { throw failure(.badEscape) }
                at += 1
            }
        default: throw failure(.badEscape)
        }
    }

    /// Consumes a run of characters beyond ASCII. The ranges are those of Table 3-7 of the Unicode Standard.
    private mutating func beyondASCII() throws(JSONError) {
        while at < end, byte(at) >= 0x80 {
            let second: ClosedRange<UInt8>
            let length: Int
            switch byte(at) {
            case 0xC2...0xDF: (second, length) = (0x80...0xBF, 2)
            case 0xE0: (second, length) = (0xA0...0xBF, 3)
            case 0xED: (second, length) = (0x80...0x9F, 3)  // not the surrogates
            case 0xE1...0xEF: (second, length) = (0x80...0xBF, 3)
            case 0xF0: (second, length) = (0x90...0xBF, 4)
            case 0xF1...0xF3: (second, length) = (0x80...0xBF, 4)
            case 0xF4: (second, length) = (0x80...0x8F, 4)
            default: throw failure(.invalidUTF8)
            }
            guard at + length <= end, second.contains(byte(at + 1)) else { throw failure(.invalidUTF8) }
            for offset in 2..<max(length, 2) where byte(at + offset) & 0xC0 != 0x80 { throw failure(.invalidUTF8) }
            at += length
        }
    }
}
