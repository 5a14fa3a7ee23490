/// The handlers, one by one.
extension SettingsDecoder {
    mutating func handlers(in section: Section) -> [HandlerSettings] {
        guard let all = subsection(Schema.handlers, in: section) else { return [] }
        var claims: [ClassPattern: (handler: String, line: Int)] = [:]
        var handlers: [HandlerSettings] = []
        for entry in all.entries {
            if !Self.isName(entry.name) {
                diagnosis.report(
                    entry.place,
                    "\(quoted(entry.name)) cannot be a handler's name: letters, digits, `_`, `-` and `.`, at most 64, "
                        + "a letter or digit first")
            }
            places.handlers[entry.name] = Places.Handler(name: entry.place)
            let path = all.title(of: entry.name)
            guard let section = diagnosis.section(entry.value, path: path, document: document) else {
                let needed = "it needs at least `command` and `classes`"
                diagnosis.report(
                    entry.place,
                    "`\(path)` must be a mapping with the handler's settings, not \(entry.value.described); \(needed)")
                continue
            }
            diagnosis.reportUnknownKeys(in: section, known: Schema.handlerKeys)
            for key in Schema.handlerKeys where key.absence == .required && section[key.name] == nil {
                diagnosis.report(entry.place, "`\(path)` lacks `\(key.name)`: \(key.expectation)")
            }
            let handler = handler(entry.name, section, claims: &claims)
            noteWhatHasNoEffect(section, mode: handler.mode)
            handlers.append(handler)
        }
        return handlers
    }

    private mutating func handler(
        _ name: String, _ section: Section, claims: inout [ClassPattern: (handler: String, line: Int)]
    ) -> HandlerSettings {
        let command = command(in: section, handler: name)
        let mode = diagnosis.valueOrDefault(Schema.mode, in: section, Schema.mode.word)
        places.handlers[name]?.directory = section["directory"]?.value.place
        places.handlers[name]?.user = section["user"]?.value.place
        let base = directory
        return HandlerSettings(
            name: name,
            command: command,
            executable: ExecutableSearch.executable(command[0], from: directory, isExecutable: isExecutable),
            classes: classes(in: section, handler: name, claims: &claims),
            mode: HandlerSettings.Mode(rawValue: mode) ?? .spawn,
            threads: diagnosis.valueOrDefault(Schema.threads, in: section, Schema.threads.integer),
            timeout: diagnosis.value(Schema.handlerTimeout, in: section, Schema.handlerTimeout.duration),
            grace: diagnosis.valueOrDefault(Schema.grace, in: section, Schema.grace.duration),
            startTimeout: diagnosis.valueOrDefault(Schema.startTimeout, in: section, Schema.startTimeout.duration),
            maxJobs: diagnosis.value(Schema.maximumJobs, in: section, Schema.maximumJobs.integer),
            maxMemory: diagnosis.value(Schema.maximumMemory, in: section, Schema.maximumMemory.size),
            environment: environment(in: section),
            directory: diagnosis.value(Schema.directory, in: section) { text throws(Mistake) in
                ExecutableSearch.absolute(try Self.argument(text, what: "path"), from: base)
            } ?? base,
            user: diagnosis.value(Schema.user, in: section) { text throws(Mistake) in
                try Self.argument(text, what: "user's name")
            })
    }

    /// The command; `[""]` after a mistake.
    private mutating func command(in section: Section, handler: String) -> [String] {
        let title = "`\(section.title(of: "command"))`"
        if let entry = section["command"], case .scalar(let text, _) = entry.value.content {
            let words = text.split(separator: " ").map {
                $0.contains(where: { ",[]{}\"'#:&*!|>%@".contains($0) }) ? "\"\($0)\"" : "\($0)"
            }
            let advice =
                text.isEmpty
                ? Schema.command.expectation
                : "a list of arguments: there is no shell; write [\(words.joined(separator: ", "))]"
            diagnosis.report(entry.value.place, "\(title) must be \(advice)")
            return [""]
        }
        guard let words = diagnosis.texts(Schema.command, in: section) else { return [""] }
        guard let first = words.first, let entry = section["command"] else {
            if let entry = section["command"], case .sequence(let nodes) = entry.value.content, nodes.isEmpty {
                diagnosis.report(entry.value.place, "\(title) is empty; it must be \(Schema.command.expectation)")
            }
            return [""]
        }
        places.handlers[handler]?.command = first.place
        if first.text.isEmpty || first.text.hasSuffix("/") {
            diagnosis.report(first.place, "\(title) must begin with a program, not \(quoted(first.text))")
        }
        if words.contains(where: { $0.text.utf8.contains(0) }) {
            diagnosis.report(entry.value.place, "\(title) holds a NUL, which no argument can hold")
        }
        return words.map(\.text)
    }

    private mutating func classes(
        in section: Section, handler: String, claims: inout [ClassPattern: (handler: String, line: Int)]
    ) -> [ClassPattern] {
        let title = "`\(section.title(of: "classes"))`"
        guard let texts = diagnosis.texts(Schema.classes, in: section) else { return [] }
        if case .sequence(let nodes) = section["classes"]?.value.content, nodes.isEmpty {
            diagnosis.report(
                section["classes"]?.value.place ?? section.place,
                "\(title) is empty, so the handler would do nothing; it must be \(Schema.classes.expectation)")
        }
        var patterns: [ClassPattern] = []
        for (text, place) in texts {
            if let mistake = ClassPattern.mistake(in: text) {
                diagnosis.report(place, "\(title) \(mistake.text)")
                continue
            }
            let pattern = ClassPattern(text)
            if let claim = claims[pattern] {
                let owner = claim.handler == handler ? "twice" : "which handler `\(claim.handler)` takes already"
                diagnosis.report(place, "\(title) names \(quoted(text)) \(owner) (line \(claim.line)); keep one")
                continue
            }
            claims[pattern] = (handler, place.line)
            patterns.append(pattern)
        }
        return patterns
    }

    private mutating func environment(in section: Section) -> [String: String] {
        guard let variables = subsection(Schema.environment, in: section) else { return [:] }
        var environment: [String: String] = [:]
        for entry in variables.entries {
            let title = "`\(variables.path)`"
            if !Self.isVariable(entry.name) {
                diagnosis.report(
                    entry.place,
                    "\(title) names \(quoted(entry.name)); a variable has letters, digits and `_` and no digit first")
            } else if Self.protocolVariables.contains(entry.name) {
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

    private mutating func noteWhatHasNoEffect(_ section: Section, mode: HandlerSettings.Mode) {
        guard mode == .spawn else { return }
        for key in [Schema.threads, Schema.startTimeout, Schema.maximumJobs, Schema.maximumMemory] {
            guard let entry = section[key.name] else { continue }
            diagnosis.note(
                entry.place, "`\(section.title(of: key.name))` has no effect in mode spawn; it is for mode serve")
        }
    }

    /// Variables that the handler protocol sets itself.
    private static let protocolVariables: Set = [
        "MARTLET_JID", "MARTLET_CLASS", "MARTLET_QUEUE", "MARTLET_ATTEMPT", "MARTLET_DEADLINE", "MARTLET_PROTOCOL",
        "MARTLET_IN", "MARTLET_OUT",
    ]

    private static func isName(_ text: String) -> Bool {
        let isMade = text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
        guard let first = text.utf8.first, text.utf8.count <= 64, isMade else { return false }
        return isWord(first) && first != UInt8(ascii: "_")
    }

    private static func isVariable(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.allSatisfy(isWord) else { return false }
        return !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// A text the operating system can be given.
    private static func argument(_ text: String, what: String) throws(Mistake) -> String {
        guard !text.isEmpty else { throw Mistake("is empty; it must be a \(what), or remove the line") }
        guard !text.utf8.contains(0) else { throw Mistake("holds a NUL, which no \(what) can hold") }
        return text
    }
}
