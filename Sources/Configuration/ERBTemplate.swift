/// The ERB of a Sidekiq file, evaluated as far as configuration needs it: values of the environment, and conditions on them.
/// Ruby itself is not run.
struct ERBTemplate {
    /// The evaluated text, and where its parts came from.
    struct Result {
        var text = String.UnicodeScalarView()
        var places = PlaceMap()
        var mistakes: [YAMLMistake] = []
    }

    private let scalars: [Unicode.Scalar]
    private var around: RubySurroundings
    private var result = Result()
    /// Where the next character of the result goes.
    private var end = Place.start
    /// Where the next character of the file stands.
    private var source = Place.start
    /// Line breaks of what was left out, to be made up for at the next one.
    private var owed = 0
    private var conditions: [Condition] = []

    private struct Condition {
        let offset: Int
        /// Whether it stands in a part that is left out.
        let isIdle: Bool
        var isTaken: Bool
        var wasTaken: Bool
        var hasElse = false
    }

    static func evaluate(_ text: String, variables: [String: String], section: String) -> Result {
        var template = ERBTemplate(
            scalars: Array(text.unicodeScalars), around: RubySurroundings(variables: variables, section: section))
        template.run()
        return template.result
    }

    private init(scalars: [Unicode.Scalar], around: RubySurroundings) {
        self.scalars = scalars
        self.around = around
    }

    private var isTaken: Bool { conditions.allSatisfy(\.isTaken) }

    private mutating func run() {
        var index = 0
        while let tag = find("<%", from: index) {
            let start = beforeBlanks(of: tag, from: index)
            copy(index..<start)
            if scalars[tag...].starts(with: "<%%".unicodeScalars) {
                copy(tag..<tag + 2)
                skip(tag + 2..<tag + 3)
                index = tag + 3
                continue
            }
            guard let close = find("%>", from: tag + 2) else {
                report(tag, "`<%` is not closed: `%>` is missing")
                return
            }
            let code = trimmed(tag + 2..<close)
            evaluate(tag: tag, code: code)
            index = code.upperBound < close ? pastBreak(close + 2) : close + 2
            skip(start..<index)
        }
        copy(index..<scalars.count)
        for condition in conditions { report(condition.offset, "the `<% end %>` of this is missing") }
    }

    private mutating func evaluate(tag: Int, code: Range<Int>) {
        let first = code.isEmpty ? nil : scalars[code.lowerBound]
        if first == "#" { return }
        do throws(RubyMistake) {
            if first == "=" {
                guard isTaken else { return }
                let range = code.lowerBound + 1..<code.upperBound
                let tokens = try RubyScanner.tokens(scalars, in: range)
                let value = try RubyParser.expression(tokens[...], of: scalars).value(around)
                try put(value, offset: tag)
            } else {
                try perform(code)
            }
        } catch {
            // A line that YAML does not read cannot do harm.
            if !isCommented(tag) { report(error, in: code) }
        }
    }

    private mutating func put(_ value: RubyValue, offset: Int) throws(RubyMistake) {
        guard let text = value.printed else {
            throw RubyMistake(
                offset: offset, reason: "a list comes out of it; print its elements one by one", isUnknown: false)
        }
        let isClean = text.unicodeScalars.allSatisfy { scalar in
            scalar.value == 0x09
                || (scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value))
                    && ![0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF].contains(scalar.value)
        }
        guard isClean else {
            throw RubyMistake(
                offset: offset, reason: "what comes out of it has line breaks or control characters", isUnknown: false)
        }
        result.places.add(from: end, source: source, isCopied: false)
        result.text.append(contentsOf: text.unicodeScalars)
        end = Place(line: end.line, column: end.column + text.unicodeScalars.count)
    }
}

/// Statements: conditions, and names for values.
extension ERBTemplate {
    private mutating func perform(_ code: Range<Int>) throws(RubyMistake) {
        let tokens = try RubyScanner.tokens(scalars, in: code)
        if tokens.count == 1 { return }
        let word = if case .name(let name) = tokens[0].kind { name } else { "" }
        let rest = tokens.dropFirst()
        switch word {
        case "if", "unless":
            // Whatever comes of the condition: it has an end.
            conditions.append(
                Condition(offset: tokens[0].offset, isIdle: !isTaken, isTaken: false, wasTaken: false))
            try choose(rest, when: word == "if")
        case "elsif":
            guard let last = conditions.last, !last.hasElse else { throw stray(tokens[0], word) }
            conditions[conditions.count - 1].isTaken = false
            try choose(rest, when: true)
        case "else":
            guard let last = conditions.last, !last.hasElse, rest.count == 1 else { throw stray(tokens[0], word) }
            conditions[conditions.count - 1].isTaken = !last.isIdle && !last.wasTaken
            conditions[conditions.count - 1].hasElse = true
        case "end":
            guard !conditions.isEmpty, rest.count == 1 else { throw stray(tokens[0], word) }
            conditions.removeLast()
        default:
            try assign(word, tokens)
        }
    }

    private func stray(_ token: RubyToken, _ word: String) -> RubyMistake {
        RubyMistake(
            offset: token.offset, reason: "`\(word)` has no `if` that it belongs to", isUnknown: false)
    }

    private mutating func choose(_ tokens: ArraySlice<RubyToken>, when wanted: Bool) throws(RubyMistake) {
        let index = conditions.count - 1
        guard !conditions[index].isIdle, !conditions[index].wasTaken else { return }
        let isTrue = try RubyParser.expression(tokens, of: scalars).value(around).isTruthy
        conditions[index].isTaken = isTrue == wanted
        conditions[index].wasTaken = isTrue == wanted
    }

    /// `name = value` and `name ||= value`.
    private mutating func assign(_ name: String, _ tokens: [RubyToken]) throws(RubyMistake) {
        let isTaken = isTaken
        let opened = tokens.count { $0.kind == .name("do") } - tokens.count { $0.kind == .name("end") }
        // So that its `end` belongs to something: one mistake is enough.
        if opened > 0 || ["case", "while", "until", "for", "begin"].contains(name) {
            conditions.append(Condition(offset: tokens[0].offset, isIdle: true, isTaken: false, wasTaken: false))
        }
        guard isTaken else { return }
        guard tokens.count > 2, name.first?.isLowercase ?? false || name.hasPrefix("_"),
            [.sign("="), .sign("||=")].contains(tokens[1].kind)
        else { throw RubyMistake(offset: tokens[0].offset, reason: "this statement is not known here") }
        if tokens[1].kind == .sign("||="), around.locals[name]?.isTruthy ?? false { return }
        around.locals[name] = try RubyParser.expression(tokens[2...], of: scalars).value(around)
    }
}

/// The way through the text.
extension ERBTemplate {
    private func find(_ mark: String, from index: Int) -> Int? {
        let mark = Array(mark.unicodeScalars)
        return scalars[index...].indices.first { scalars[$0...].starts(with: mark) }
    }

    /// What stands between `<%-` and `-%>` or the like: a hyphen belongs to the tag (trim mode "-" of Ruby's ERB).
    private func trimmed(_ code: Range<Int>) -> Range<Int> {
        let start = code.first.map { scalars[$0] == "-" } ?? false ? code.lowerBound + 1 : code.lowerBound
        let end = code.upperBound > start && scalars[code.upperBound - 1] == "-" ? code.upperBound - 1 : code.upperBound
        return start..<end
    }

    /// Where the blanks begin that `<%-` takes away with it: those before it, if its line has nothing else there.
    private func beforeBlanks(of tag: Int, from index: Int) -> Int {
        guard scalars[tag...].starts(with: "<%-".unicodeScalars) else { return tag }
        let blanks = scalars[index..<tag].reversed().prefix { $0 == " " || $0 == "\t" }.count
        let start = tag - blanks
        return start == 0 || isBreak(start - 1) ? start : tag
    }

    /// Past the line break that `-%>` takes away with it, if one follows at once.
    private func pastBreak(_ index: Int) -> Int {
        let rest = scalars[index...]
        if rest.starts(with: "\r\n".unicodeScalars) { return index + 2 }
        return rest.first == "\n" ? index + 1 : index
    }

    /// Whether a line break ends at an index: those of the parser (YAML 1.1, section 5.4).
    private func isBreak(_ index: Int) -> Bool {
        let isPair = scalars[index] == "\r" && index + 1 < scalars.count && scalars[index + 1] == "\n"
        return !isPair && ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalars[index])
    }

    private mutating func copy(_ range: Range<Int>) {
        guard isTaken, !range.isEmpty else { return skip(range) }
        result.places.add(from: end, source: source, isCopied: true)
        for index in range {
            result.text.append(scalars[index])
            guard isBreak(index) else {
                end = Place(line: end.line, column: end.column + 1)
                source = Place(line: source.line, column: source.column + 1)
                continue
            }
            result.text.append(contentsOf: String(repeating: "\n", count: owed).unicodeScalars)
            owed = 0
            source = Place(line: source.line + 1, column: 1)
            end = source
        }
    }

    /// Goes over what is no part of the result.
    private mutating func skip(_ range: Range<Int>) {
        for index in range {
            let breaks = isBreak(index)
            owed += breaks ? 1 : 0
            source = Place(line: source.line + (breaks ? 1 : 0), column: breaks ? 1 : source.column + 1)
        }
    }

    private func isCommented(_ offset: Int) -> Bool {
        let line = scalars[..<offset].reversed().prefix { !["\n", "\r"].contains($0) }
        return line.reversed().first { !$0.properties.isWhitespace } == "#"
    }

    private func place(_ offset: Int) -> Place {
        let breaks = scalars[..<offset].indices.filter(isBreak)
        return Place(line: breaks.count + 1, column: offset - (breaks.last ?? -1))
    }

    /// More than this many mistakes at once help nobody.
    private static let mostMistakes = 100

    private mutating func report(_ offset: Int, _ message: String) {
        guard result.mistakes.count < Self.mostMistakes else { return }
        result.mistakes.append(YAMLMistake(place: place(offset), message: message))
    }

    private mutating func report(_ mistake: RubyMistake, in code: Range<Int>) {
        let text = String(String.UnicodeScalarView(scalars[code]))
        let words = text.drop { $0 == "=" }.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let advice =
            mistake.isUnknown
            ? "; Ruby is not run: what can stand here is `ENV[\"X\"] || 5`, `ENV.fetch(\"X\", 5)`, `.to_i`, arithmetic, `a ? b : c`, "
                + "and `if`, `else`, `end`; put anything else into a variable of the environment" : ""
        report(mistake.offset, "ERB \(quoted(words)): \(mistake.reason)\(advice)")
    }
}
