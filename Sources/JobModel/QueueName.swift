/// The name of a queue, compared byte by byte as Redis compares keys.
package struct QueueName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Longest name, in bytes.
    package static let longest = 200

    /// Where a job goes that names no queue; Sidekiq's choice.
    package static let standard = QueueName(trusted: "default")

    package let text: String

    /// - Returns: nil unless the text has 1 to 200 bytes and no control character.
    package init?(_ text: String) {
        guard PlainText.isName(text.utf8, atMost: Self.longest) else { return nil }
        self.text = text
    }

    /// Takes a name that was checked before, such as one of the configuration's or one this daemon wrote itself.
    package init(trusted text: String) { self.text = text }

    package var description: String { text }

    package static func == (left: QueueName, right: QueueName) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    package static func < (left: QueueName, right: QueueName) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(text.utf8.count)
        for byte in text.utf8 { hasher.combine(byte) }
    }
}
