/// The methods and operators of Ruby that expressions in Sidekiq files may use.
enum RubyMethod {
    /// Those of any value that end in `?`, so that `Rails.env.present?` does not ask for an environment of that name.
    static let questions = ["nil?", "blank?", "present?", "empty?", "start_with?", "end_with?", "include?", "in?"]

    static func call(
        _ name: String, on value: RubyValue, _ arguments: [RubyValue], offset: Int
    ) throws(RubyMistake) -> RubyValue {
        let found: RubyValue? =
            switch arguments.count {
            case 0: general(name, value) ?? special(name, value)
            case 1: question(name, value, arguments[0])
            case 2: clamp(name, value, arguments)
            default: nil
            }
        guard let found else {
            throw RubyMistake(
                offset: offset, reason: "\(quoted("." + name)) of \(value.described) is not known here",
                isUnknown: value != .none)
        }
        return found
    }

    /// Of any value.
    private static func general(_ name: String, _ value: RubyValue) -> RubyValue? {
        switch name {
        case "to_s", "to_sym": value.printed.map { .text($0) }
        case "freeze", "itself", "dup": value
        case "nil?": .truth(value == .none)
        case "blank?": .truth(value.isBlank)
        case "present?": .truth(!value.isBlank)
        case "presence": value.isBlank ? RubyValue.none : value
        default: nil
        }
    }

    private static func special(_ name: String, _ value: RubyValue) -> RubyValue? {
        switch (value, name) {
        case (.none, "to_i"): .number(0)
        case (.none, "to_a"), (.none, "compact"): .list([])
        case (.number, "to_i"), (.number, "to_int"), (.number, "round"), (.number, "ceil"), (.number, "floor"): value
        case (.number(let number), "zero?"): .truth(number == 0)
        case (.number(let number), "positive?"): .truth(number > 0)
        case (.number(let number), "negative?"): .truth(number < 0)
        case (.number(let number), "nonzero?"): number == 0 ? RubyValue.none : value
        case (.text(let text), "to_i"): RubyValue.leadingInteger(text).map { .number($0) }
        case (.text(let text), "strip"): .text(trimmed(text))
        // A break at the end is one character, also where it is two bytes.
        case (.text(let text), "chomp"): .text(text.last?.isNewline ?? false ? String(text.dropLast()) : text)
        case (.text(let text), "downcase"): .text(text.lowercased())
        case (.text(let text), "upcase"): .text(text.uppercased())
        case (.text(let text), "empty?"): .truth(text.isEmpty)
        case (.text(let text), "size"), (.text(let text), "length"): .number(text.unicodeScalars.count)
        case (.list(let values), "size"), (.list(let values), "length"): .number(values.count)
        case (.list(let values), "empty?"): .truth(values.isEmpty)
        case (.list(let values), "first"): values.first ?? RubyValue.none
        case (.list(let values), "last"): values.last ?? RubyValue.none
        case (.list(let values), "compact"): .list(values.filter { $0 != .none })
        case (.list(let values), "min"): numbers(values)?.min().map { .number($0) }
        case (.list(let values), "max"): numbers(values)?.max().map { .number($0) }
        default: nil
        }
    }

    private static func question(_ name: String, _ value: RubyValue, _ argument: RubyValue) -> RubyValue? {
        switch (value, name, argument) {
        case (.text(let text), "start_with?", .text(let part)): .truth(text.hasPrefix(part))
        case (.text(let text), "end_with?", .text(let part)): .truth(text.hasSuffix(part))
        case (.text(let text), "include?", .text(let part)): .truth(part.isEmpty || text.contains(part))
        case (.list(let values), "include?", _): .truth(values.contains(argument))
        case (_, "in?", .list(let values)): .truth(values.contains(value))
        case (.text(let text), "to_i", .number(10)): RubyValue.leadingInteger(text).map { .number($0) }
        default: nil
        }
    }

    private static func clamp(_ name: String, _ value: RubyValue, _ bounds: [RubyValue]) -> RubyValue? {
        guard name == "clamp", case .number(let number) = value, let ends = numbers(bounds), ends[0] <= ends[1] else {
            return nil
        }
        return .number(min(max(number, ends[0]), ends[1]))
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    /// Nil if one of them is none.
    private static func numbers(_ values: [RubyValue]) -> [Int]? {
        let found = values.compactMap { value -> Int? in
            guard case .number(let number) = value else { return nil }
            return number
        }
        return found.count == values.count ? found : nil
    }

    static func operate(
        _ sign: String, _ left: RubyValue, _ right: RubyValue, offset: Int
    ) throws(RubyMistake) -> RubyValue {
        if sign == "==" { return .truth(left == right) }
        if sign == "!=" { return .truth(left != right) }
        switch (left, right) {
        case (.text(let one), .text(let other)) where sign == "+":
            return .text(try RubyValue.joined(one, other, offset: offset))
        case (.number(let one), .number(let other)):
            if let value = compare(sign, one, other) ?? calculate(sign, one, other) { return value }
            throw RubyMistake(
                offset: offset, reason: "\(quoted(sign)) has no result for these numbers", isUnknown: false)
        default:
            throw RubyMistake(
                offset: offset,
                reason:
                    "\(quoted(sign)) is given \(left.described) and \(right.described); a variable is a text, of which "
                    + "`.to_i` makes a number", isUnknown: false)
        }
    }

    private static func compare(_ sign: String, _ left: Int, _ right: Int) -> RubyValue? {
        switch sign {
        case "<": .truth(left < right)
        case ">": .truth(left > right)
        case "<=": .truth(left <= right)
        case ">=": .truth(left >= right)
        default: nil
        }
    }

    /// Nil for what overflows or divides by zero. Division rounds down, as Ruby's.
    private static func calculate(_ sign: String, _ left: Int, _ right: Int) -> RubyValue? {
        if sign == "/" || sign == "%" {
            guard right != 0, !(left == .min && right == -1) else { return nil }
            let isRoundedUp = left % right != 0 && (left < 0) != (right < 0)
            let rest = left % right + (isRoundedUp ? right : 0)
            return .number(sign == "%" ? rest : left / right - (isRoundedUp ? 1 : 0))
        }
        let operations: [String: (Int) -> (partialValue: Int, overflow: Bool)] = [
            "+": left.addingReportingOverflow, "-": left.subtractingReportingOverflow,
            "*": left.multipliedReportingOverflow,
        ]
        guard let result = operations[sign]?(right), !result.overflow else { return nil }
        return .number(result.partialValue)
    }
}
