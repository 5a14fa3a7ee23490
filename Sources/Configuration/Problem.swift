/// Where something stands in a text. Line and column begin at 1; the column counts Unicode scalars.
package struct Place: Hashable, Comparable, Sendable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The first character of a text.
    package static let start = Place(line: 1, column: 1)

    package static func < (left: Place, right: Place) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// One mistake of whoever wrote the configuration: where it stands, what is wrong, and what to do about it.
package struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file as the user named it, or the origin of an override: `MARTLET_CONCURRENCY`, `--concurrency`.
    package let file: String
    /// From 1; nil when the mistake has no line: an override, a file that cannot be read.
    package let line: Int?
    /// From 1, in Unicode scalars; nil whenever `line` is.
    package let column: Int?
    /// What is wrong and what to do, on one line, without the place.
    package let message: String

    package init(file: String, at place: Place? = nil, message: String) {
        self.file = file
        self.line = place?.line
        self.column = place?.column
        self.message = message
    }

    /// `file:line:column: message`, the form editors and compilers share; `file: message` without a line.
    package var description: String {
        guard let line, let column else { return "\(file): \(message)" }
        return "\(file):\(line):\(column): \(message)"
    }
}

/// Everything that is wrong with a configuration, in the order of the text; never empty.
package struct Problems: Error, Equatable, Sendable, CustomStringConvertible {
    package let all: [Problem]

    package init(_ all: [Problem]) {
        precondition(!all.isEmpty, "a failure names at least one problem")
        self.all = all
    }

    /// One problem a line.
    package var description: String { all.map(\.description).joined(separator: "\n") }
}

/// What is wrong with one value, to be completed with its place: "must be …, not `ten`".
struct Mistake: Error, Equatable {
    let text: String
    init(_ text: String) { self.text = text }
}

/// A piece of the user's text as messages show it: in back quotes, on one line, cut to a number of characters.
func quoted(_ text: String, limit: Int = 60) -> String {
    if text.isEmpty { return "an empty text" }
    var shown = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        shown += scalar.value < 0x20 || scalar.value == 0x7F ? scalar.escaped(asASCII: true) : String(scalar)
    }
    return text.unicodeScalars.count > limit ? "`\(shown)…`" : "`\(shown)`"
}
