/// A Ruby expression of the kinds that stand in Sidekiq files, and what it comes to. It calls nothing: what is not in this
/// table of forms is a mistake.
indirect enum RubyExpression: Equatable {
    case value(RubyValue)
    /// Pieces of a text with `#{…}`.
    case joined([RubyExpression], offset: Int)
    case list([RubyExpression])
    /// `Rails.env`.
    case section
    /// `ENV[name]`.
    case variable(RubyExpression)
    /// `ENV.fetch(name, otherwise)`.
    case fetch(RubyExpression, otherwise: RubyExpression?, offset: Int)
    /// `ENV.key?(name)`.
    case isSet(RubyExpression)
    case local(String, offset: Int)
    /// `Integer(…)`.
    case integer(RubyExpression, offset: Int)
    case call(RubyExpression, String, [RubyExpression], isSafe: Bool, offset: Int)
    case either(RubyExpression, RubyExpression)
    case both(RubyExpression, RubyExpression)
    case not(RubyExpression)
    case choice(RubyExpression, RubyExpression, RubyExpression)
    case operation(String, RubyExpression, RubyExpression, offset: Int)
}

/// What expressions are evaluated by.
struct RubySurroundings {
    let variables: [String: String]
    /// The environment Sidekiq would run in: `production`.
    let section: String
    var locals: [String: RubyValue] = [:]
}

extension RubyExpression {
    func value(_ around: RubySurroundings) throws(RubyMistake) -> RubyValue {
        switch self {
        case .value(let value): return value
        case .joined(let parts, let offset):
            var text = ""
            for part in parts { text = try RubyValue.joined(text, part.value(around).printed ?? "", offset: offset) }
            return .text(text)
        case .list(let parts):
            var values: [RubyValue] = []
            for part in parts { values.append(try part.value(around)) }
            return .list(values)
        case .section: return .text(around.section)
        case .local(let name, let offset):
            guard let value = around.locals[name] else {
                throw RubyMistake(offset: offset, reason: "\(quoted(name)) is not known here")
            }
            return value
        case .not(let part): return .truth(try !part.value(around).isTruthy)
        case .either(let left, let right):
            let value = try left.value(around)
            return value.isTruthy ? value : try right.value(around)
        case .both(let left, let right):
            let value = try left.value(around)
            return value.isTruthy ? try right.value(around) : value
        case .choice(let condition, let one, let other):
            return try (condition.value(around).isTruthy ? one : other).value(around)
        case .integer(let part, let offset): return try Self.strictInteger(part.value(around), offset)
        case .operation(let sign, let left, let right, let offset):
            return try RubyMethod.operate(sign, left.value(around), right.value(around), offset: offset)
        case .variable, .fetch, .isSet: return try environment(around)
        case .call(let receiver, let method, let arguments, let isSafe, let offset):
            let value = try receiver.value(around)
            if isSafe, value == .none { return .none }
            if receiver == .section, method.hasSuffix("?"), arguments.isEmpty, !RubyMethod.questions.contains(method) {
                return .truth(around.section == method.dropLast())
            }
            var given: [RubyValue] = []
            for argument in arguments { given.append(try argument.value(around)) }
            return try RubyMethod.call(method, on: value, given, offset: offset)
        }
    }

    private func environment(_ around: RubySurroundings) throws(RubyMistake) -> RubyValue {
        func found(_ name: RubyExpression) throws(RubyMistake) -> (name: String, value: RubyValue?) {
            let text = try name.value(around).printed ?? ""
            return (text, around.variables[text].map { .text($0) })
        }
        switch self {
        case .variable(let name): return try found(name).value ?? .none
        case .isSet(let name): return .truth(try found(name).value != nil)
        case .fetch(let name, let otherwise, let offset):
            let (text, value) = try found(name)
            if let value { return value }
            if let otherwise { return try otherwise.value(around) }
            throw RubyMistake(
                offset: offset, reason: "the variable \(quoted(text)) is not set, and no value is given for that case",
                isUnknown: false)
        default: preconditionFailure("the caller passes the forms of ENV only")
        }
    }

    /// Ruby's `Integer(…)`, decimal.
    private static func strictInteger(_ value: RubyValue, _ offset: Int) throws(RubyMistake) -> RubyValue {
        switch value {
        case .number: return value
        case .text(let text):
            let parts = text.split(whereSeparator: \.isWhitespace)
            if parts.count == 1, let number = Quantity.integer(String(parts[0])) { return .number(number) }
        case .none, .truth, .list: break
        }
        throw RubyMistake(
            offset: offset, reason: "`Integer` is given \(value.described) that is no whole number", isUnknown: false)
    }
}
