/// The seven sorts of value RFC 8259 knows.
package enum JSONKind: Equatable, Sendable {
    case string, number, object, array, `true`, `false`, null
}

/// Where one member of an object lies in the bytes it was scanned from.
package struct JSONMember: Equatable, Sendable {
    /// The key without its quotes, still escaped.
    package let key: Range<Int>
    /// The whole value; a string's quotes are part of it.
    package let value: Range<Int>
    package let kind: JSONKind
    /// The key holds a backslash, so its bytes are not its name: `"j\u0069d"` is called jid.
    package let keyHasEscapes: Bool

    package init(key: Range<Int>, value: Range<Int>, kind: JSONKind, keyHasEscapes: Bool) {
        self.key = key
        self.value = value
        self.kind = kind
        self.keyHasEscapes = keyHasEscapes
    }

    /// From the opening quote of the key to the end of the value.
    var whole: Range<Int> { (key.lowerBound - 1)..<value.upperBound }
}
