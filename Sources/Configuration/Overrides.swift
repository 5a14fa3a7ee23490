import JobModel

/// What the command line says over environment and file. Texts as typed: their mistakes are reported like all others.
package struct FlagOverrides: Equatable, Sendable {
    package var redis: String?
    package var processes: String?
    package var concurrency: String?
    package var timeout: String?
    package var logLevel: String?
    package var logFormat: String?
    /// Each `name` or `name,weight`; nil leaves the file's queues.
    package var queues: [String]?
    package var tag: String?
    /// Which section of a Sidekiq file is merged over the rest.
    package var environment: String?

    package init(
        redis: String? = nil, processes: String? = nil, concurrency: String? = nil, timeout: String? = nil,
        logLevel: String? = nil, logFormat: String? = nil, queues: [String]? = nil, tag: String? = nil,
        environment: String? = nil
    ) {
        self.redis = redis
        self.processes = processes
        self.concurrency = concurrency
        self.timeout = timeout
        self.logLevel = logLevel
        self.logFormat = logFormat
        self.queues = queues
        self.tag = tag
        self.environment = environment
    }
}

/// A setting that the environment or a flag can replace: flags over environment over file.
struct Override: Sendable {
    let key: SchemaKey
    /// The first that is set and not empty counts; the others are not looked at.
    let variables: [String]
    let flag: String
    let flagValue: @Sendable (FlagOverrides) -> String?
    let apply: @Sendable (String, inout Settings) throws(Mistake) -> Void

    static let table: [Override] = [
        Override(
            key: Schema.redis, variables: ["MARTLET_REDIS", "REDIS_URL"], flag: "--redis", flagValue: { $0.redis },
            apply: { text, settings throws(Mistake) in
                settings.redis = try RedisURL.parse(text).replacing(settings.redis)
            }),
        Override(
            key: Schema.processes, variables: ["MARTLET_PROCESSES"], flag: "--processes", flagValue: { $0.processes },
            apply: { text, settings throws(Mistake) in
                // Bounds of the file still count.
                let range = settings.autoProcesses ?? .processes
                let number = try Schema.processes.automatic(text, range: range)
                (settings.processes, settings.autoProcesses) = (number.most, number.range)
            }),
        Override(
            key: Schema.concurrency, variables: ["MARTLET_CONCURRENCY"], flag: "--concurrency",
            flagValue: { $0.concurrency },
            apply: { text, settings throws(Mistake) in
                let range = settings.autoConcurrency ?? .concurrency
                let number = try Schema.concurrency.automatic(text, range: range)
                (settings.concurrency, settings.autoConcurrency) = (number.most, number.range)
            }),
        Override(
            key: Schema.timeout, variables: ["MARTLET_TIMEOUT"], flag: "--timeout", flagValue: { $0.timeout },
            apply: { text, settings throws(Mistake) in settings.stopTimeout = try Schema.timeout.duration(text) }),
        Override(
            key: Schema.logLevel, variables: ["MARTLET_LOG_LEVEL"], flag: "--log-level", flagValue: { $0.logLevel },
            apply: { text, settings throws(Mistake) in settings.logLevel = try Schema.logLevel.word(text) }),
        Override(
            key: Schema.logFormat, variables: ["MARTLET_LOG_FORMAT"], flag: "--log-format", flagValue: { $0.logFormat },
            apply: { text, settings throws(Mistake) in settings.logFormat = try Schema.logFormat.word(text) }),
        Override(
            key: Schema.tag, variables: ["MARTLET_TAG"], flag: "--tag", flagValue: { $0.tag },
            apply: { text, settings throws(Mistake) in settings.tag = try SettingsDecoder.oneLine(text) }),
    ]

    /// Puts environment and flags over the settings. What a flag replaces in the environment is not judged: it may be meant
    /// for another program (`REDIS_URL`).
    ///
    /// - Returns: a problem for each mistaken value, its origin in place of the file.
    static func apply(environment: [String: String], flags: FlagOverrides, to settings: inout Settings) -> [Problem] {
        var problems: [Problem] = []
        let provider = environment["REDIS_PROVIDER"] ?? ""
        var environment = environment
        if let problem = provide(&environment, flags) { problems.append(problem) }
        for override in table {
            guard let (name, text) = override.found(environment, flags) else { continue }
            let origin = name == "REDIS_URL" && !provider.isEmpty ? provider : name
            do throws(Mistake) {
                try override.apply(text, &settings)
            } catch {
                problems.append(Problem(file: origin, message: error.text))
            }
        }
        guard let queues = flags.queues else { return problems }
        var listed: [QueueSetting] = []
        for text in queues {
            do throws(Mistake) {
                let setting = try QueueText.pair(text)
                if listed.contains(where: { $0.name == setting.name }) {
                    throw Mistake("names \(quoted(setting.name.text)) twice; keep one")
                }
                listed.append(setting)
            } catch {
                problems.append(Problem(file: "--queue", message: error.text))
            }
        }
        if !listed.isEmpty { settings.queues = listed }
        return problems
    }

    /// Puts what REDIS_PROVIDER names in the place of REDIS_URL, as Sidekiq does.
    ///
    /// - Returns: what is wrong with it, unless something else says where Redis is.
    private static func provide(_ environment: inout [String: String], _ flags: FlagOverrides) -> Problem? {
        guard let name = environment["REDIS_PROVIDER"], !name.isEmpty else { return nil }
        let isOverridden = flags.redis != nil || !(environment["MARTLET_REDIS"] ?? "").isEmpty
        let found = environment[name] ?? ""
        environment["REDIS_URL"] = found
        guard !isOverridden, found.isEmpty || name.contains(":") else { return nil }
        let isURL = name.contains(":")
        return Problem(
            file: "REDIS_PROVIDER",
            message: isURL
                ? "must be the name of the variable that holds the URL; for a URL there is MARTLET_REDIS"
                : "names the variable \(quoted(name)), which is not set")
    }

    /// Whether flags or environment say where Redis is.
    static func namesRedis(environment: [String: String], flags: FlagOverrides) -> Bool {
        !(environment["REDIS_PROVIDER"] ?? "").isEmpty
            || table.contains { $0.key == Schema.redis && $0.found(environment, flags) != nil }
    }

    private func found(_ environment: [String: String], _ flags: FlagOverrides) -> (origin: String, text: String)? {
        if let text = flagValue(flags) { return (flag, text) }
        for variable in variables {
            if let text = environment[variable], !text.isEmpty { return (variable, text) }
        }
        return nil
    }
}
