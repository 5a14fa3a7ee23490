/// The text of one argument in which places stand for values of a job: `--user={args.0.name}`.
///
/// A brace that is meant as such is written twice. What a place names is only ever put where it stands, so that one template
/// is one argument whatever a job says.
package struct ArgumentTemplate: Equatable, Sendable {
    /// Bytes of one argument; the kernel takes twice as much, see execve(2).
    package static let longest = 64 << 10
    /// Bytes of all arguments of a job together, each with the NUL at its end. The kernel takes a quarter of the limit of the
    /// stack, 2 MiB as a rule, the environment included.
    package static let longestTogether = 256 << 10

    enum Part: Equatable, Sendable {
        case literal(String)
        case value(JobValue)
    }

    /// As it was written.
    package let text: String
    let parts: [Part]

    /// - Throws: the first mistake in it, in words that follow "it".
    package init(_ text: String) throws(TemplateMistake) {
        self.text = text
        parts = try Self.parse(text)
    }

    /// Whether it is the argument after which programs take nothing for an option.
    package var endsOptions: Bool { text == "--" }

    /// Whether its first character comes from a job.
    var beginsWithValue: Bool { if case .value = parts.first { true } else { false } }

    private static func parse(_ text: String) throws(TemplateMistake) -> [Part] {
        guard !text.utf8.contains(0) else { throw TemplateMistake("holds a NUL, which no argument can hold") }
        guard text.utf8.count < longest else { throw TemplateMistake("is longer than \(longest) bytes") }
        var parts: [Part] = []
        var literal = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "{" where rest.first == "{", "}" where rest.first == "}":
                literal.unicodeScalars.append(scalar)
                rest = rest.dropFirst()
            case "}":
                throw TemplateMistake("has a `}` that closes nothing; one that is meant as such is written `}}`")
            case "{":
                guard let end = rest.firstIndex(of: "}") else {
                    throw TemplateMistake("has a `{` that is not closed; one that is meant as such is written `{{`")
                }
                if !literal.isEmpty { parts.append(.literal(literal)) }
                literal = ""
                parts.append(.value(try JobValue(String(rest[..<end]))))
                rest = rest[rest.index(after: end)...]
            default: literal.unicodeScalars.append(scalar)
            }
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        return parts
    }

    /// The argument for a job.
    ///
    /// - Parameter queue: it was fetched from.
    func fill(_ job: Job, queue: QueueName) throws(UnfitValue) -> String {
        var argument = ""
        for part in parts {
            switch part {
            case .literal(let text): argument += text
            case .value(let value): argument += try value.text(in: job, queue: queue)
            }
        }
        guard argument.utf8.count < Self.longest else {
            throw UnfitValue(
                "it would have \(argument.utf8.count) bytes, and an argument has fewer than \(Self.longest)")
        }
        return argument
    }
}

/// What is wrong with a template, in words that follow "it".
package struct TemplateMistake: Error, Equatable {
    package let text: String
    init(_ text: String) { self.text = text }
}

/// Why a job gives no argument, in words that follow its template.
struct UnfitValue: Error, Equatable {
    let text: String
    init(_ text: String) { self.text = text }
}
