/// What was found wrong so far, and what is merely worth saying.
struct Diagnosis {
    /// The file as the user named it.
    let file: String
    private(set) var problems: [Problem] = []
    /// Things that do not keep a configuration from working: settings without effect.
    private(set) var notes: [Problem] = []

    init(file: String) { self.file = file }

    mutating func report(_ place: Place, _ message: String) {
        let problem = Problem(file: file, at: place, message: message)
        // An anchored mapping that is read through two aliases shows its mistakes once.
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// A mistake that stands in no file: in a variable of the environment.
    mutating func report(origin: String, _ message: String) { problems.append(Problem(file: origin, message: message)) }

    mutating func note(_ place: Place, _ message: String) {
        notes.append(Problem(file: file, at: place, message: message))
    }

    /// Reports what is neither a known key nor announced for later, with the key that was probably meant.
    mutating func reportUnknownKeys(in section: Section, known: [SchemaKey]) {
        let names = known.map(\.name)
        for entry in section.entries where !names.contains(entry.name) {
            let key = quoted(entry.name)
            if Schema.announced.contains(entry.name) {
                report(entry.place, "\(key) is not supported by this version; remove it")
            } else if let near = Suggestion.nearest(to: entry.name, among: names) {
                report(entry.place, "unknown key \(key); did you mean `\(near)`?")
            } else if let home = Schema.keys.first(where: { $0.name == entry.name }) {
                let place = home.path == home.name ? "the top level of the file" : "`\(home.path)`"
                report(entry.place, "unknown key \(key) here; it belongs to \(place)")
            } else {
                report(entry.place, "unknown key \(key); known here are \(names.sorted().joined(separator: ", "))")
            }
        }
    }
}

/// Single values out of a section, each by its key of the schema.
extension Diagnosis {
    /// The value of a key, or nil if it is absent or mistaken (then reported).
    mutating func value<Value>(
        _ key: SchemaKey, in section: Section, _ read: (String) throws(Mistake) -> Value
    ) -> Value? {
        guard let entry = section[key.name] else { return nil }
        let title = "`\(section.title(of: key.name))`"
        switch entry.value.content {
        case .scalar(let text, _):
            do throws(Mistake) {
                return try read(text)
            } catch {
                report(entry.value.place, "\(title) \(error.text)")
            }
        case .null:
            report(entry.place, "\(title) has no value; it must be \(key.expectation), or remove the line")
        case .sequence:
            report(entry.value.place, "\(title) must be \(key.expectation), not a list")
        case .mapping(let pairs):
            let names = pairs.compactMap(\.key.text)
            let later = names.first(where: Schema.announced.contains).map {
                "; \(quoted($0)) is not supported by this version"
            }
            report(entry.value.place, "\(title) must be \(key.expectation), not a mapping\(later ?? "")")
        }
        return nil
    }

    /// The value of a key, or its default.
    ///
    /// - Precondition: the schema gives the key a default, and one that can be read.
    mutating func valueOrDefault<Value>(
        _ key: SchemaKey, in section: Section, _ read: (String) throws(Mistake) -> Value
    ) -> Value {
        if let value = value(key, in: section, read) { return value }
        return Self.defaultValue(key, read)
    }

    static func defaultValue<Value>(_ key: SchemaKey, _ read: (String) throws(Mistake) -> Value) -> Value {
        guard case .value(let text) = key.absence else { preconditionFailure("\(key.path) has no default") }
        do throws(Mistake) {
            return try read(text)
        } catch {
            preconditionFailure("the default of \(key.path) \(error.text)")
        }
    }

    /// A list of texts with their places; nil when the key is absent or no list. Elements that are no text are reported.
    mutating func texts(_ key: SchemaKey, in section: Section) -> [(text: String, place: Place)]? {
        guard let entry = section[key.name] else { return nil }
        let title = "`\(section.title(of: key.name))`"
        guard case .sequence(let nodes) = entry.value.content else {
            let isNull = if case .null = entry.value.content { true } else { false }
            if isNull {
                report(entry.place, "\(title) has no value; it must be \(key.expectation)")
            } else {
                report(entry.value.place, "\(title) must be \(key.expectation), not \(entry.value.described)")
            }
            return nil
        }
        return nodes.compactMap { node in
            if let text = node.text { return (text, node.place) }
            report(node.place, "\(title) must hold texts only, not \(node.described)")
            return nil
        }
    }
}
