/// The handlers, one by one.
extension SettingsDecoder {
    /// Which handler took a pattern first, and on which line.
    private typealias Claims = [ClassPattern: (handler: String, line: Int)]

    mutating func handlers(in section: Section, pools: [String]) -> [HandlerSettings] {
        guard let all = subsection(Schema.handlers, in: section) else { return [] }
        var claims: Claims = [:]
        var handlers: [HandlerSettings] = []
        for entry in all.replaced {
            var noClaims: Claims = [:]
            _ = handler(entry, in: all, pools: pools, claims: &noClaims)
        }
        for entry in all.entries {
            if let handler = handler(entry, in: all, pools: pools, claims: &claims) { handlers.append(handler) }
        }
        return handlers
    }

    /// One handler, or nil if what stands under its name is no mapping.
    private mutating func handler(
        _ entry: YAMLEntry, in all: Section, pools: [String], claims: inout Claims
    ) -> HandlerSettings? {
        if !Self.isName(entry.name) {
            diagnosis.report(
                entry.place,
                "\(quoted(entry.name)) cannot be a handler's name: letters, digits, `_`, `-` and `.`, at most 64, "
                    + "a letter or digit first")
        }
        places.handlers[entry.name] = Places.Handler(name: entry.place)
        let path = all.title(of: entry.name)
        guard let section = diagnosis.section(entry.value, path: path, document: document) else {
            diagnosis.report(
                entry.place,
                "`\(path)` must be a mapping with the handler's settings, not \(entry.value.described); "
                    + "it needs at least `command` and `classes`")
            return nil
        }
        diagnosis.reportUnknownKeys(in: section, known: Schema.handlerKeys)
        for key in Schema.handlerKeys where key.absence == .required && section[key.name] == nil {
            diagnosis.report(entry.place, "`\(path)` lacks `\(key.name)`: \(key.expectation)")
        }
        let handler = handler(entry.name, section, pools: pools, claims: &claims)
        noteWhatHasNoEffect(section, mode: handler.mode)
        return handler
    }

    private mutating func handler(
        _ name: String, _ section: Section, pools: [String], claims: inout Claims
    ) -> HandlerSettings {
        let command = command(in: section, handler: name)
        let mode = diagnosis.valueOrDefault(Schema.mode, in: section, Schema.mode.word)
        places.handlers[name]?.directory = section["directory"]?.value.place
        places.handlers[name]?.user = section["user"]?.value.place
        places.handlers[name]?.malloc = section[Schema.malloc.name]?.value.place
        let threads = diagnosis.valueOrDefault(Schema.threads, in: section, Schema.threads.integer)
        let variables = environment(in: section)
        let base = directory
        return HandlerSettings(
            name: name,
            command: command,
            executable: ExecutableSearch.executable(command[0], from: directory, isExecutable: isExecutable),
            classes: classes(in: section, handler: name, claims: &claims),
            mode: HandlerSettings.Mode(rawValue: mode) ?? .spawn,
            threads: threads,
            timeout: diagnosis.value(Schema.handlerTimeout, in: section, Schema.handlerTimeout.duration),
            grace: diagnosis.valueOrDefault(Schema.grace, in: section, Schema.grace.duration),
            slow: diagnosis.value(Schema.handlerSlow, in: section, Schema.handlerSlow.duration),
            startTimeout: diagnosis.valueOrDefault(Schema.startTimeout, in: section, Schema.startTimeout.duration),
            maxJobs: diagnosis.value(Schema.maximumJobs, in: section, Schema.maximumJobs.integer)
                ?? (mode == "fork" ? 1 : nil),
            maxMemory: diagnosis.value(Schema.maximumMemory, in: section, Schema.maximumMemory.size),
            maxAge: diagnosis.value(Schema.maximumAge, in: section, Schema.maximumAge.duration),
            idleTimeout: diagnosis.value(Schema.idleTimeout, in: section, Schema.idleTimeout.duration),
            malloc: malloc(in: section, threads: mode == "spawn" ? 1 : threads, environment: variables),
            isolate: HandlerSettings.Isolate(
                rawValue: diagnosis.valueOrDefault(Schema.isolate, in: section, Schema.isolate.word)) ?? .never,
            limits: processLimits(in: section),
            connections: connections(in: section, pools: pools),
            environment: variables,
            directory: diagnosis.value(Schema.directory, in: section) { text throws(Mistake) in
                ExecutableSearch.absolute(try Self.argument(text, what: "path"), from: base)
            } ?? base,
            user: diagnosis.value(Schema.user, in: section) { text throws(Mistake) in
                try Self.argument(text, what: "user's name")
            },
            program: program(in: section),
            confinement: confinement(in: section, handler: name),
            processes: processRange(in: section),
            watch: diagnosis.valueOrDefault(Schema.watch, in: section, Schema.watch.word) == "true")
    }

    private mutating func malloc(in section: Section, threads: Int, environment: [String: String]) -> Malloc {
        guard let malloc = diagnosis.value(Schema.malloc, in: section, Schema.malloc.malloc) else {
            return .standard(threads: threads, environment: environment)
        }
        if let place = section[Schema.malloc.name]?.value.place, let variable = malloc.conflict(with: environment) {
            let other = subsection(Schema.environment, in: section)?[variable]?.place
            diagnosis.report(
                place,
                "`\(section.title(of: Schema.malloc.name))` is \(malloc.text), and `env` sets \(quoted(variable))"
                    + (other.map { " (line \($0.line))" } ?? "") + "; keep one of them")
        }
        return malloc
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
        in section: Section, handler: String, claims: inout Claims
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

    private mutating func noteWhatHasNoEffect(_ section: Section, mode: HandlerSettings.Mode) {
        guard mode == .spawn else { return noteWhatIsForSpawn(section, mode) }
        let serving = [
            Schema.threads, Schema.startTimeout, Schema.maximumJobs, Schema.maximumMemory, Schema.maximumAge,
            Schema.idleTimeout, Schema.isolate, Schema.handlerProcesses, Schema.watch,
        ]
        for key in serving {
            guard let entry = section[key.name] else { continue }
            diagnosis.note(
                entry.place,
                "`\(section.title(of: key.name))` has no effect in mode spawn; it is for the modes serve and fork")
        }
    }

    static func isName(_ text: String) -> Bool {
        let isMade = text.utf8.allSatisfy {
            EnvironmentName.isWord($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
        guard let first = text.utf8.first, text.utf8.count <= 64, isMade else { return false }
        return EnvironmentName.isWord(first) && first != UInt8(ascii: "_")
    }

    /// A text the operating system can be given.
    static func argument(_ text: String, what: String) throws(Mistake) -> String {
        guard !text.isEmpty else { throw Mistake("is empty; it must be a \(what), or remove the line") }
        guard !text.utf8.contains(0) else { throw Mistake("holds a NUL, which no \(what) can hold") }
        return text
    }
}
