import Yams

/// Says what the YAML parser did not understand, with what is usually the reason.
enum YAMLSyntax {
    static func mistake(_ error: any Error, in text: [Unicode.Scalar]) -> YAMLMistake {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let place = Place(line: mark.line, column: mark.column)
            if problem.contains("another document") {
                let message = "a second YAML document begins here; a configuration is one document, so remove the `---`"
                return YAMLMistake(place: place, message: message)
            }
            var message = "not valid YAML: \(problem)"
            if let context, !context.text.isEmpty {
                message += " \(context.text)"
                if context.mark.line != mark.line { message += " that begins on line \(context.mark.line)" }
            }
            if let advice = advice(on: problem, context: context?.text ?? "", at: place, in: text) {
                message += "; \(advice)"
            }
            return YAMLMistake(place: place, message: message)
        default:
            return YAMLMistake(place: .start, message: "not valid YAML: \(error)")
        }
    }

    private static func advice(on problem: String, context: String, at place: Place, in text: [Unicode.Scalar])
        -> String?
    {
        let character = offset(of: place, in: text).map { text[$0] }
        if context.contains("alias") { return "a value that begins with `*` needs quotes, as in \"*\"" }
        if character == "\t" { return "indent with spaces, not with tabs" }
        let isUnquoted = problem.contains("cannot start any token") || (character == ":" && context.contains("flow"))
        if isUnquoted, let character {
            return "a value that begins with `\(character)` needs quotes"
        }
        for (part, advice) in causes where problem.contains(part) { return advice }
        return nil
    }

    /// The parser's words, and what is behind them most of the time.
    private static let causes: [(part: String, advice: String)] = [
        (
            "mapping values are not allowed",
            "is the line indented too far, or is there a `: ` in a value without quotes?"
        ),
        ("could not find expected ':'", "is a colon missing, or the space after it?"),
        ("did not find expected key", "check how far this line and the one above it are indented"),
        ("did not find expected '-' indicator", "check how far this line and the one above it are indented"),
        ("did not find expected ',' or ']'", "is a `[` not closed, or a comma missing?"),
        ("did not find expected ',' or '}'", "is a `{` not closed, or a comma missing?"),
        ("unexpected end of stream", "is a quote not closed?"),
        ("undefined alias", "a value that begins with `*` needs quotes, as in \"*\""),
    ]

    /// The index of a place in a text; line breaks are those of the parser (YAML 1.1, section 5.4).
    static func offset(of place: Place, in text: [Unicode.Scalar]) -> Int? {
        var line = 1
        var index = 0
        while line < place.line, index < text.count {
            let isPair = text[index] == "\r" && index + 1 < text.count && text[index + 1] == "\n"
            if ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(text[index]) { line += 1 }
            index += isPair ? 2 : 1
        }
        let offset = index + place.column - 1
        return line == place.line && offset < text.count ? offset : nil
    }
}
