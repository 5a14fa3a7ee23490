import Foundation

/// A JSON value, for comparing what a handler wrote with what it should have written.
enum JSONValue: Decodable, Equatable, CustomStringConvertible {
    case null
    case bool(Bool)
    /// Exact, also beyond the whole numbers of a double; `1.0` is `1`.
    case number(Decimal)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(_ text: some StringProtocol) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {  // it is something else: the next attempt says what
            self = .bool(bool)
        } else if let number = try? value.decode(Decimal.self) {
            self = .number(number)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let array = try? value.decode([JSONValue].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    subscript(_ name: String) -> JSONValue? { if case .object(let members) = self { members[name] } else { nil } }

    var string: String? { if case .string(let text) = self { text } else { nil } }
    var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    var number: Double? {
        if case .number(let number) = self { NSDecimalNumber(decimal: number).doubleValue } else { nil }
    }

    /// The same without a member, if it is an object.
    func without(_ name: String) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[name] = nil
        return .object(members)
    }

    /// Whether a value is as a pattern says: `"*"` is any, `"~RE"` a text that the regular expression matches as a whole.
    ///
    /// - Parameter isOpen: it may have members that the pattern does not name.
    func isMatched(by pattern: JSONValue, isOpen: Bool = false) -> Bool {
        switch (pattern, self) {
        case (.string("*"), _): true
        case (.string(let expression), .string(let text)) where expression.hasPrefix("~"):
            text.isMatched(by: String(expression.dropFirst()))
        case (.array(let patterns), .array(let values)):
            patterns.count == values.count
                && zip(values, patterns).allSatisfy { $0.isMatched(by: $1, isOpen: isOpen) }
        case (.object(let patterns), .object(let members)):
            (isOpen || patterns.count == members.count)
                && patterns.allSatisfy { members[$0]?.isMatched(by: $1, isOpen: isOpen) ?? false }
        default: pattern == self
        }
    }

    var description: String {
        switch self {
        case .null: "null"
        case .bool(let bool): "\(bool)"
        case .number(let number): "\(number)"
        case .string(let text): "\"\(text)\""
        case .array(let elements): "[" + elements.map(\.description).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.sorted { $0.key < $1.key }.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
        }
    }
}

extension String {
    /// Whether a regular expression matches all of it.
    func isMatched(by expression: String) -> Bool {
        guard let expression = try? Regex(expression) else { return false }  // the test then fails, and shows it
        return wholeMatch(of: expression) != nil
    }
}
