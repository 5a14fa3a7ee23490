/// What a Ruby expression in a Sidekiq file comes to.
enum RubyValue: Equatable {
    /// Ruby's nil.
    case none
    case truth(Bool)
    case number(Int)
    /// A text or a symbol: in a file they come to the same.
    case text(String)
    case list([RubyValue])

    /// In bytes, of a text that is put together.
    static let longestText = 1 << 16

    /// Two texts as one, or a mistake if that would be longer than `longestText`.
    static func joined(_ one: String, _ other: String, offset: Int) throws(RubyMistake) -> String {
        guard one.utf8.count + other.utf8.count <= longestText else {
            throw RubyMistake(offset: offset, reason: "the text is too long", isUnknown: false)
        }
        return one + other
    }

    /// Everything but nil and false.
    var isTruthy: Bool { self != .none && self != .truth(false) }

    /// As `<%= … %>` prints it; nil for a list, whose form nobody means to have in a file.
    var printed: String? {
        switch self {
        case .none: ""
        case .truth(let truth): String(truth)
        case .number(let number): String(number)
        case .text(let text): text
        case .list: nil
        }
    }

    /// Rails' `blank?`.
    var isBlank: Bool {
        switch self {
        case .none, .truth(false): true
        case .text(let text): text.allSatisfy(\.isWhitespace)
        case .list(let values): values.isEmpty
        case .truth, .number: false
        }
    }

    /// What kind of value it is, for messages: values themselves may be secrets.
    var described: String {
        switch self {
        case .none: "nil"
        case .truth: "true or false"
        case .number: "a number"
        case .text: "a text"
        case .list: "a list"
        }
    }

    /// Ruby's `String#to_i`: digits at the start, underscores between them; otherwise 0.
    static func leadingInteger(_ text: String) -> Int? {
        let body = text.drop(while: \.isWhitespace)
        let sign = body.first == "-" || body.first == "+" ? body.prefix(1) : ""
        let digits = body.dropFirst(sign.count).prefix { $0.isASCII && ($0.isNumber || $0 == "_") }
        guard let first = digits.first, first != "_" else { return 0 }
        let end = digits.firstRange(of: "__").map { digits[..<$0.lowerBound] } ?? digits
        return Int(sign.filter { $0 == "-" } + end.filter { $0 != "_" })
    }
}
