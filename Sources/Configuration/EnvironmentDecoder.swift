/// The variables a handler is given.
extension SettingsDecoder {
    mutating func environment(in section: Section) -> [String: String] {
        guard let variables = subsection(Schema.environment, in: section) else { return [:] }
        var environment: [String: String] = [:]
        for entry in variables.entries {
            let title = "`\(variables.path)`"
            if !EnvironmentName.isUsable(entry.name) {
                diagnosis.report(
                    entry.place,
                    "\(title) names \(quoted(entry.name)); a variable has letters, digits and `_` and no digit first")
            } else if EnvironmentName.ofProtocol.contains(entry.name) {
                diagnosis.report(
                    entry.place, "\(title) sets \(quoted(entry.name)), which belongs to the handler protocol")
            }
            switch entry.value.content {
            case .scalar(let text, _) where !text.utf8.contains(0):
                environment[entry.name] = text
            case .null:
                diagnosis.report(
                    entry.place, "\(title) gives \(quoted(entry.name)) no value; write \"\" for an empty one")
            case .scalar, .sequence, .mapping:
                diagnosis.report(
                    entry.value.place, "\(title) must give \(quoted(entry.name)) a text, not \(entry.value.described)")
            }
        }
        return environment
    }
}

/// What may be the name of a variable.
enum EnvironmentName {
    /// Variables that the handler protocol sets itself.
    static let ofProtocol: Set = [
        "MARTLET_JID", "MARTLET_CLASS", "MARTLET_QUEUE", "MARTLET_ATTEMPT", "MARTLET_DEADLINE", "MARTLET_PROTOCOL",
        "MARTLET_IN", "MARTLET_OUT",
    ]

    static func isUsable(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.allSatisfy(isWord) else { return false }
        return !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    }

    /// A letter, a digit or `_`.
    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
