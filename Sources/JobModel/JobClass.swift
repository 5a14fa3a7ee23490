/// What sort of job a payload is: its `class`, or what that wraps.
///
/// Compared byte by byte: two spellings Unicode calls equivalent are two classes, as they are in Redis and in a
/// handler.
package struct JobClass: Hashable, Sendable, CustomStringConvertible {
    /// Longest name, in bytes; it is passed to handlers in their environment and is part of Redis keys.
    package static let longest = 512

    /// UTF-8.
    package let bytes: [UInt8]

    package init(_ text: String) { self.bytes = Array(text.utf8) }

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package var description: String { text }
}
