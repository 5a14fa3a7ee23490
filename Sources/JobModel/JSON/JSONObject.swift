/// One scanned JSON object: its bytes, exactly as they came, and where its own members lie in them.
///
/// Nothing is decoded until it is asked for, and the bytes are never written anew, so numbers, escapes, order and
/// members nobody knows stay as a producer wrote them.
package struct JSONObject: Sendable {
    package let bytes: [UInt8]
    /// In the order of the text; a name can stand there more than once.
    package let members: [JSONMember]

    /// Scans the bytes as one object with nothing but white space around it.
    ///
    /// - Parameter depthLimit: how many containers may be open at once, this object among them. 100 is what Ruby's
    ///   parser allows, so deeper payloads could not have come from Sidekiq.
    /// - Throws: `JSONError` at the first byte that is not strict RFC 8259 in valid UTF-8; `.notAnObject` for any other
    ///   value.
    package init(scanning bytes: [UInt8], depthLimit: Int = 100) throws(JSONError) {
        self.members = try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) in
            var scanner = JSONScanner(UnsafeRawBufferPointer(buffer), depthLimit: depthLimit)
            return try Self.members(&scanner)
        }
        self.bytes = bytes
    }

    private static func members(_ scanner: inout JSONScanner) throws(JSONError) -> [JSONMember] {
        scanner.skipSpace()
        guard scanner.peek == UInt8(ascii: "{") else { throw scanner.failure(objection(to: scanner.peek)) }
        try scanner.open(0)
        var members: [JSONMember] = []
        if !scanner.take(UInt8(ascii: "}")) {
            members.reserveCapacity(12)  // a payload that failed once has about this many
            repeat {
                let (key, hasEscapes) = try scanner.memberKey()
                let start = scanner.at
                let kind = try scanner.value(depth: 1)
                members.append(
                    JSONMember(key: key, value: start..<scanner.at, kind: kind, keyHasEscapes: hasEscapes))
            } while try scanner.another(before: UInt8(ascii: "}"))
        }
        scanner.skipSpace()
        guard scanner.peek == nil else { throw scanner.failure(.trailingBytes) }
        return members
    }

    private static func objection(to byte: UInt8?) -> JSONError.Reason {
        guard let byte else { return .unexpectedEnd }
        return switch byte {
        case 0xEF, 0xFE, 0xFF: .byteOrderMark
        case UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            .notAnObject
        default: .unexpectedByte
        }
    }
}

// MARK: - Members by name

extension JSONObject {
    /// The last member of that name, which is the one Ruby's parser keeps; nil if there is none.
    ///
    /// Escaped keys count by what they mean. Names are compared byte by byte.
    package func member(_ name: String) -> JSONMember? { members.last { isNamed($0, name) } }

    /// The names of all members, in the order of the text.
    package var names: [String] {
        members.map {
            $0.keyHasEscapes
                ? String(decoding: JSONText.unescape(bytes[$0.key]).utf8, as: UTF8.self)
                : String(decoding: bytes[$0.key], as: UTF8.self)
        }
    }

    /// How many members have that name.
    package func count(of name: String) -> Int { members.reduce(0) { isNamed($1, name) ? $0 + 1 : $0 } }

    func isNamed(_ member: JSONMember, _ name: String) -> Bool {
        let wanted = name.utf8
        guard !member.keyHasEscapes else {
            return JSONText.unescape(bytes[member.key]).utf8.elementsEqual(wanted)
        }
        return wanted.count == member.key.count && bytes[member.key].elementsEqual(wanted)
    }

    /// The bytes of a member's value.
    package func raw(_ member: JSONMember) -> ArraySlice<UInt8> { bytes[member.value] }

    /// A string member decoded; nil if it is absent or not a string. Lone surrogates become U+FFFD.
    package func string(_ name: String) -> String? {
        member(name).flatMap { $0.kind == .string ? string(at: $0.value) : nil }
    }

    /// An integer member; nil if it is absent, has a fraction or an exponent, or does not fit.
    package func integer(_ name: String) -> Int? {
        numberText(name).flatMap { Int($0) }
    }

    /// A number member as the nearest double, infinite beyond the range of one; nil if it is absent or not a number.
    package func number(_ name: String) -> Double? {
        numberText(name).flatMap { Double($0) }
    }

    /// A true or false member; nil if it is absent or anything else.
    package func bool(_ name: String) -> Bool? {
        switch member(name)?.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    private func numberText(_ name: String) -> String? {
        member(name).flatMap { $0.kind == .number ? String(decoding: bytes[$0.value], as: UTF8.self) : nil }
    }

    /// - Parameter value: a string in these bytes, with its quotes.
    func string(at value: Range<Int>) -> String {
        let inside = bytes[(value.lowerBound + 1)..<(value.upperBound - 1)]
        guard inside.contains(UInt8(ascii: "\\")) else { return String(decoding: inside, as: UTF8.self) }
        return String(decoding: JSONText.unescape(inside).utf8, as: UTF8.self)
    }
}

// MARK: - Arrays

extension JSONObject {
    /// Where the elements of an array member lie in the bytes; nil if it is absent or not an array.
    package func elements(of name: String) -> [Range<Int>]? {
        guard let member = member(name), member.kind == .array else { return nil }
        return elements(of: JSONPlace(member)).map(\.range)
    }

    /// The strings of an array member, decoded; elements of other sorts are left out. Nil if it is absent or not an
    /// array.
    package func strings(of name: String) -> [String]? {
        guard let member = member(name), member.kind == .array else { return nil }
        return elements(of: JSONPlace(member)).compactMap { $0.kind == .string ? string(at: $0.range) : nil }
    }
}
