/// RFC 8259 spelled out naively, character by character, to hold the real scanner against.
struct ReferenceJSON {
    private var rest: Substring.UnicodeScalarView
    private let depthLimit: Int

    /// Whether the bytes are one object, in valid UTF-8, with at most 100 open containers at once.
    static func acceptsObject(_ bytes: [UInt8], depthLimit: Int = 100) -> Bool {
        guard let text = String(validating: bytes, as: UTF8.self) else { return false }
        var reader = ReferenceJSON(rest: Substring(text).unicodeScalars, depthLimit: depthLimit)
        reader.space()
        return reader.rest.first == "{" && reader.value(1) && reader.isAtEnd()
    }

    private mutating func isAtEnd() -> Bool {
        space()
        return rest.isEmpty
    }

    private mutating func space() { rest = rest.drop { " \n\r\t".unicodeScalars.contains($0) } }

    private mutating func take(_ text: String) -> Bool {
        guard rest.starts(with: text.unicodeScalars) else { return false }
        rest = rest.dropFirst(text.unicodeScalars.count)
        return true
    }

    private mutating func value(_ depth: Int) -> Bool {
        switch rest.first {
        case "{": return depth <= depthLimit && take("{") && list("}") { $0.member(depth) }
        case "[": return depth <= depthLimit && take("[") && list("]") { $0.value(depth + 1) }
        case "\"": return string()
        default: return take("true") || take("false") || take("null") || number()
        }
    }

    private mutating func member(_ depth: Int) -> Bool {
        guard string() else { return false }
        space()
        guard take(":") else { return false }
        space()
        return value(depth + 1)
    }

    private mutating func list(_ close: String, _ item: (inout ReferenceJSON) -> Bool) -> Bool {
        space()
        if take(close) { return true }
        while item(&self) {
            space()
            if take(close) { return true }
            guard take(",") else { return false }
            space()
        }
        return false
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while let scalar = rest.popFirst() {
            if scalar == "\"" { return true }
            if scalar.value < 0x20 { return false }
            guard scalar == "\\" else { continue }
            guard let escape = rest.popFirst() else { return false }
            if escape == "u" {
                let digits = rest.prefix(4)
                guard digits.count == 4, digits.allSatisfy({ $0.isASCII && $0.properties.isASCIIHexDigit }) else {
                    return false
                }
                rest = rest.dropFirst(4)
            } else if !"\"\\/bfnrt".unicodeScalars.contains(escape) {
                return false
            }
        }
        return false
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0") && !digits() { return false }
        if take("."), !digits() { return false }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            return digits()
        }
        return true
    }

    private mutating func digits() -> Bool {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        rest = rest.dropFirst(digits.count)
        return !digits.isEmpty
    }
}
