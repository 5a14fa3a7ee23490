/// Reads tokens as an expression, by Ruby's order of precedence.
struct RubyParser {
    private let scalars: [Unicode.Scalar]
    private var tokens: ArraySlice<RubyToken>
    private var depth = 0

    /// Deeper nesting is nobody's configuration.
    private static let deepest = 40

    /// - Parameter tokens: the last one is `end`.
    init(_ tokens: ArraySlice<RubyToken>, of scalars: [Unicode.Scalar]) {
        self.tokens = tokens
        self.scalars = scalars
    }

    /// The expression that all the tokens make up.
    static func expression(
        _ tokens: ArraySlice<RubyToken>, of scalars: [Unicode.Scalar]
    ) throws(RubyMistake) -> RubyExpression {
        var parser = RubyParser(tokens, of: scalars)
        let found = try parser.expression()
        // `if x then`
        if parser.takes(name: "then") {}
        guard parser.next.kind == .end else { throw parser.surprise() }
        return found
    }

    private var next: RubyToken { tokens[tokens.startIndex] }

    private func surprise() -> RubyMistake {
        guard case .end = next.kind else {
            let end = tokens.dropFirst().first?.offset ?? next.offset
            var text = String.UnicodeScalarView(scalars[next.offset..<max(end, next.offset)])
            while let last = text.last, last.properties.isWhitespace { text.removeLast() }
            return RubyMistake(offset: next.offset, reason: "\(quoted(String(text))) is not known here")
        }
        return RubyMistake(offset: next.offset, reason: "something is missing at the end")
    }

    private mutating func takes(_ sign: String) -> Bool {
        guard next.kind == .sign(sign) else { return false }
        tokens.removeFirst()
        return true
    }

    private mutating func takes(name: String) -> Bool {
        guard next.kind == .name(name) else { return false }
        tokens.removeFirst()
        return true
    }

    private mutating func demand(_ sign: String) throws(RubyMistake) {
        guard takes(sign) else { throw surprise() }
    }

    private mutating func expression() throws(RubyMistake) -> RubyExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest else {
            throw RubyMistake(offset: next.offset, reason: "this is nested too deeply")
        }
        let condition = try binary(level: 0)
        guard takes("?") else { return condition }
        let one = try expression()
        try demand(":")
        return .choice(condition, one, try expression())
    }

    /// Weaker ones first.
    private static let levels = [["||"], ["&&"], ["==", "!="], ["<", ">", "<=", ">="], ["+", "-"], ["*", "/", "%"]]

    private mutating func binary(level: Int) throws(RubyMistake) -> RubyExpression {
        guard level < Self.levels.count else { return try unary() }
        var left = try binary(level: level + 1)
        while case .sign(let sign) = next.kind, Self.levels[level].contains(sign) {
            let offset = next.offset
            tokens.removeFirst()
            let right = try binary(level: level + 1)
            left =
                switch sign {
                case "||": .either(left, right)
                case "&&": .both(left, right)
                default: .operation(sign, left, right, offset: offset)
                }
        }
        return left
    }

    private mutating func unary() throws(RubyMistake) -> RubyExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest else {
            throw RubyMistake(offset: next.offset, reason: "this is nested too deeply")
        }
        let offset = next.offset
        if takes("!") { return .not(try unary()) }
        let isNegative = takes("-")
        var found: RubyExpression
        // A minus right before a number is part of it, and so comes before the methods that follow.
        if isNegative, case .number(let number) = next.kind, next.offset == offset + 1 {
            tokens.removeFirst()
            found = .value(.number(-number))
        } else if isNegative {
            return .operation("-", .value(.number(0)), try unary(), offset: offset)
        } else {
            found = try primary()
        }
        while true {
            let isSafe = next.kind == .sign("&.")
            guard isSafe || next.kind == .sign(".") else { return found }
            tokens.removeFirst()
            let dot = next
            guard case .name(let method) = dot.kind else { throw surprise() }
            tokens.removeFirst()
            let given = try arguments()
            found = .call(found, method, given, isSafe: isSafe, offset: dot.offset)
        }
    }

    /// What stands in parentheses; empty without them.
    private mutating func arguments() throws(RubyMistake) -> [RubyExpression] {
        guard takes("(") else { return [] }
        return try list(until: ")")
    }

    private mutating func list(until end: String) throws(RubyMistake) -> [RubyExpression] {
        var found: [RubyExpression] = []
        while !takes(end) {
            if !found.isEmpty { try demand(",") }
            if takes(end) { break }
            found.append(try expression())
        }
        return found
    }

    private mutating func primary() throws(RubyMistake) -> RubyExpression {
        let token = next
        switch token.kind {
        case .end: throw surprise()
        case .number(let number):
            tokens.removeFirst()
            return .value(.number(number))
        case .words(let words):
            tokens.removeFirst()
            return .value(.list(words.map { .text($0) }))
        case .text(let pieces):
            tokens.removeFirst()
            return try joined(pieces, offset: token.offset)
        case .sign:
            if takes("[") { return .list(try list(until: "]")) }
            try demand("(")
            let inner = try expression()
            try demand(")")
            return inner
        case .name(let name): return try named(name, token)
        }
    }

    private func joined(_ pieces: [RubyToken.Piece], offset: Int) throws(RubyMistake) -> RubyExpression {
        var parts: [RubyExpression] = []
        for piece in pieces {
            switch piece {
            case .plain(let text): parts.append(.value(.text(text)))
            case .code(let range):
                let inner = try RubyScanner.tokens(scalars, in: range)
                parts.append(try Self.expression(inner[...], of: scalars))
            }
        }
        return parts.count == 1 ? parts[0] : .joined(parts, offset: offset)
    }

    private mutating func named(_ name: String, _ token: RubyToken) throws(RubyMistake) -> RubyExpression {
        let constants: [String: RubyValue] = ["nil": .none, "true": .truth(true), "false": .truth(false)]
        let foreign = surprise()
        tokens.removeFirst()
        if let value = constants[name] { return .value(value) }
        switch name {
        case "ENV": return try variable(token)
        case "Rails":
            guard takes("."), takes(name: "env") else { throw foreign }
            return .section
        case "Integer", "String":
            let given = try arguments()
            guard given.count == 1 || (given.count == 2 && given[1] == .value(.number(10))) else { throw foreign }
            return name == "Integer"
                ? .integer(given[0], offset: token.offset)
                : .call(given[0], "to_s", [], isSafe: false, offset: token.offset)
        default:
            guard name.first?.isLowercase ?? false || name.hasPrefix("_"), next.kind != .sign("(") else {
                throw foreign
            }
            return .local(name, offset: token.offset)
        }
    }

    /// What follows `ENV`.
    private mutating func variable(_ token: RubyToken) throws(RubyMistake) -> RubyExpression {
        if takes("[") {
            let name = try expression()
            try demand("]")
            return .variable(name)
        }
        try demand(".")
        let method = next
        let foreign = surprise()
        guard case .name(let word) = method.kind else { throw foreign }
        tokens.removeFirst()
        let given = try arguments()
        switch (word, given.count) {
        case ("fetch", 1): return .fetch(given[0], otherwise: try block(), offset: token.offset)
        case ("fetch", 2): return .fetch(given[0], otherwise: given[1], offset: token.offset)
        case ("key?", 1), ("has_key?", 1), ("include?", 1), ("member?", 1): return .isSet(given[0])
        default: throw foreign
        }
    }

    /// `{ 5 }` or `do 5 end`.
    private mutating func block() throws(RubyMistake) -> RubyExpression? {
        let isBraced = takes("{")
        guard isBraced || takes(name: "do") else { return nil }
        if takes("|") {
            guard case .name = next.kind else { throw surprise() }
            tokens.removeFirst()
            try demand("|")
        }
        let inner = try expression()
        guard isBraced ? takes("}") : takes(name: "end") else { throw surprise() }
        return inner
    }
}
