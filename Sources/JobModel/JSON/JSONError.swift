/// Why some bytes are not the JSON they should be, and where.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What RFC 8259, or a limit of ours, has against the bytes.
    package enum Reason: Equatable, Sendable, CustomStringConvertible {
        case unexpectedEnd
        case unexpectedByte
        case byteOrderMark
        case notAnObject
        case trailingComma
        case badNumber
        case badEscape
        case controlCharacter
        case invalidUTF8
        case tooDeep
        case trailingBytes

        package var description: String {
            switch self {
            case .unexpectedEnd: "the text ends too early"
            case .unexpectedByte: "a byte that cannot stand here"
            case .byteOrderMark: "a byte order mark, which JSON does not allow"
            case .notAnObject: "a value that is not an object"
            case .trailingComma: "a comma with nothing after it"
            case .badNumber: "a malformed number"
            case .badEscape: "a malformed escape sequence"
            case .controlCharacter: "a raw control character inside a string"
            case .invalidUTF8: "bytes that are not UTF-8"
            case .tooDeep: "nested too deeply"
            case .trailingBytes: "something after the end of the value"
            }
        }
    }

    /// Byte offset of the first byte that cannot be accepted; the length of the text when it ends too early.
    package let offset: Int
    package let reason: Reason

    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    package var description: String { "\(reason) at byte \(offset)" }
}
