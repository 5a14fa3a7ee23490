package import JobModel

/// The job classes a handler claims by one word: an exact name, or a prefix written with `*` at its end.
///
/// Compared byte by byte: two spellings of one letter are two classes.
package struct ClassPattern: Hashable, Sendable, Codable {
    /// The name or the prefix, without the star.
    package let bytes: [UInt8]
    package let isPrefix: Bool

    /// - Parameter text: what the configuration says; `*` counts as a star only at the end.
    package init(_ text: String) {
        let written = Array(text.utf8)
        isPrefix = written.last == UInt8(ascii: "*")
        bytes = isPrefix ? written.dropLast() : written
    }

    /// What the configuration says.
    package var text: String { String(decoding: bytes, as: UTF8.self) + (isPrefix ? "*" : "") }

    package func matches(_ jobClass: JobClass) -> Bool {
        isPrefix ? jobClass.bytes.starts(with: bytes) : jobClass.bytes == bytes
    }

    /// Which of two patterns that match one class wins: the exact name, then the longer prefix.
    package func isMoreSpecific(than other: ClassPattern) -> Bool {
        isPrefix == other.isPrefix ? bytes.count > other.bytes.count : !isPrefix
    }

    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// What is wrong with a pattern, or nil. The limit of 512 bytes is that of a job's class.
    static func mistake(in text: String) -> Mistake? {
        let name = text.hasSuffix("*") ? text.dropLast() : text[...]
        if text.isEmpty { return Mistake("holds an empty class name") }
        if name.contains("*") {
            return Mistake("holds \(quoted(text)): a `*` can only stand at the end of a class name")
        }
        if text.utf8.count > 512 { return Mistake("holds a class name longer than 512 bytes") }
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            return Mistake("holds \(quoted(text)): a class name has no control characters")
        }
        return nil
    }
}
