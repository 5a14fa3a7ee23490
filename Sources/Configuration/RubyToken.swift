/// One word of a Ruby expression, and where it begins.
struct RubyToken: Equatable {
    let kind: Kind
    /// Index in the scalars of the whole file.
    let offset: Int

    enum Kind: Equatable {
        case number(Int)
        /// A text: pieces as they are, and expressions within `#{…}` as ranges of the file.
        case text([Piece])
        /// `%w[a b]`.
        case words([String])
        /// An identifier or constant; with its `?` behind a dot.
        case name(String)
        case sign(String)
        case end
    }

    enum Piece: Equatable {
        case plain(String)
        case code(Range<Int>)
    }
}

/// Cuts a part of a file into tokens.
struct RubyScanner {
    private let scalars: [Unicode.Scalar]
    private var index: Int
    private let end: Int
    private var tokens: [RubyToken] = []

    /// More words are nobody's configuration; and what is read and evaluated by recursion needs an end.
    private static let most = 300

    /// Longer ones first.
    private static let signs = [
        "||=", "&&", "||", "==", "!=", "<=", ">=", "&.", "::", "=~", "=", "<", ">", "+", "-", "*", "/", "%", "!", "?",
        ":", ".",
        ",", "(", ")", "[", "]", "{", "}", "|", ";",
    ].map { Array($0.unicodeScalars) }

    /// - Parameter range: of the file's scalars.
    static func tokens(_ scalars: [Unicode.Scalar], in range: Range<Int>) throws(RubyMistake) -> [RubyToken] {
        var scanner = RubyScanner(scalars, range)
        try scanner.scan()
        return scanner.tokens
    }

    private init(_ scalars: [Unicode.Scalar], _ range: Range<Int>) {
        self.scalars = scalars
        index = range.lowerBound
        end = range.upperBound
    }

    private var current: Unicode.Scalar? { index < end ? scalars[index] : nil }

    private mutating func scan() throws(RubyMistake) {
        while let scalar = current {
            let start = index
            if scalar.properties.isWhitespace {
                index += 1
            } else if scalar == "#" {
                while let next = current, next != "\n" { index += 1 }
            } else if ("0"..."9").contains(scalar) {
                try add(.number(number()), start)
            } else if scalar == "\"" || scalar == "'" {
                try add(.text(text()), start)
            } else if isLetter(scalar) {
                try add(.name(name()), start)
            } else if scalar == ":", start + 1 < end, isLetter(scalars[start + 1]), isSymbolHere {
                index += 1
                try add(.text([.plain(name())]), start)
            } else if let words = words() {
                try add(.words(words), start)
            } else {
                guard let sign = Self.signs.first(where: { scalars[index..<end].starts(with: $0) }) else {
                    throw RubyMistake(offset: start, reason: "\(quoted(String(scalar))) is not understood")
                }
                index += sign.count
                try add(.sign(String(String.UnicodeScalarView(sign))), start)
            }
        }
        try add(.end, end)
    }

    private mutating func add(_ kind: RubyToken.Kind, _ offset: Int) throws(RubyMistake) {
        guard tokens.count < Self.most || kind == .end else {
            throw RubyMistake(offset: offset, reason: "this is too long")
        }
        tokens.append(RubyToken(kind: kind, offset: offset))
    }

    /// A colon is the middle of `a ? b :c` if a value stands before it.
    private var isSymbolHere: Bool {
        guard case .sign(let sign) = tokens.last?.kind else { return tokens.isEmpty }
        return ![")", "]", "}", ":"].contains(sign)
    }

    private func isLetter(_ scalar: Unicode.Scalar) -> Bool { scalar == "_" || scalar.properties.isAlphabetic }

    private mutating func name() -> String {
        let isMethod = [.sign("."), .sign("&.")].contains(tokens.last?.kind)
        var found = String.UnicodeScalarView()
        while let scalar = current, isLetter(scalar) || ("0"..."9").contains(scalar) {
            found.append(scalar)
            index += 1
        }
        if isMethod, current == "?" {
            found.append("?")
            index += 1
        }
        return String(found)
    }

    private mutating func number() throws(RubyMistake) -> Int {
        let start = index
        var digits = String.UnicodeScalarView()
        while let scalar = current, isLetter(scalar) || ("0"..."9").contains(scalar) {
            digits.append(scalar)
            index += 1
        }
        let isFraction = current == "." && index + 1 < end && ("0"..."9").contains(scalars[index + 1])
        guard let number = Quantity.integer(String(digits)), !isFraction else {
            throw RubyMistake(offset: start, reason: "only whole decimal numbers are understood")
        }
        return number
    }

    private mutating func text() throws(RubyMistake) -> [RubyToken.Piece] {
        let start = index
        let quote = scalars[index]
        index += 1
        var pieces: [RubyToken.Piece] = []
        var plain = String.UnicodeScalarView()
        while let scalar = current, scalar != quote {
            index += 1
            if scalar == "\\", let next = current {
                guard next == quote || next == "\\" else {
                    throw RubyMistake(offset: index - 1, reason: "of escapes only \\\\ and \\\(quote) are understood")
                }
                plain.append(next)
                index += 1
            } else if scalar == "#", quote == "\"", current == "{" {
                pieces += [.plain(String(plain)), .code(try code())]
                plain = String.UnicodeScalarView()
            } else {
                plain.append(scalar)
            }
        }
        guard current == quote else { throw RubyMistake(offset: start, reason: "the quote is not closed") }
        index += 1
        return pieces + [.plain(String(plain))]
    }

    /// What stands in `#{…}`; the index is at its brace.
    private mutating func code() throws(RubyMistake) -> Range<Int> {
        let start = index + 1
        while let scalar = current, scalar != "}" { index += 1 }
        guard current == "}" else { throw RubyMistake(offset: start - 2, reason: "`#{` is not closed") }
        index += 1
        return start..<index - 1
    }

    private mutating func words() -> [String]? {
        let closing: [Unicode.Scalar: Unicode.Scalar] = ["[": "]", "(": ")", "{": "}", "<": ">", "|": "|"]
        guard index + 2 < end, scalars[index] == "%", scalars[index + 1] == "w" || scalars[index + 1] == "i",
            let last = closing[scalars[index + 2]], let stop = scalars[index + 3..<end].firstIndex(of: last)
        else { return nil }
        let inner = scalars[index + 3..<stop]
        index = stop + 1
        return inner.split { $0.properties.isWhitespace }.map { String(String.UnicodeScalarView($0)) }
    }
}
