import JobModel

/// Reads a composed YAML text as settings. Goes on after every mistake, so that all of them are reported at once; the
/// settings are worth something only if none was.
struct SettingsDecoder {
    private(set) var document: YAMLDocument
    /// Absolute; relative paths count from here.
    let directory: String
    /// Whether a path is a program that can be executed, for looking up bare commands.
    let isExecutable: (String) -> Bool
    var diagnosis: Diagnosis
    var places: Places
    /// What was taken from a Sidekiq file; nil for one of ours.
    private(set) var summary: SidekiqSummary?

    init(document: YAMLDocument, file: String, directory: String, isExecutable: @escaping (String) -> Bool) {
        self.document = document
        self.directory = directory
        self.isExecutable = isExecutable
        diagnosis = Diagnosis(file: file)
        places = Places(file: file)
    }

    /// - Parameters:
    ///   - path: absolute path of the file.
    ///   - around: what counts for a Sidekiq file.
    mutating func settings(path: String, around: SidekiqSurroundings) -> Settings? {
        guard let root = document.root, case .mapping = root.content else {
            let found = document.root.map(\.content)
            if case .sequence = found {
                diagnosis.report(.start, "a configuration must be a mapping (`key: value` lines), not a list")
            } else if case .scalar(let text, _) = found {
                diagnosis.report(.start, "a configuration must be a mapping (`key: value` lines), not \(quoted(text))")
            } else {
                diagnosis.report(.start, "the configuration is empty; the least it needs is a `handlers:` section")
            }
            return nil
        }
        let form = SidekiqFile.isMeant(by: root, document: document, file: path)
        document.hasSymbols = form
        guard var section = diagnosis.section(root, path: "", document: document) else { return nil }
        var isVerbose = false
        if form {
            let file = SidekiqFile(
                section, around: around, directory: directory, document: document, into: &diagnosis)
            section = file.section
            summary = file.summary
            isVerbose = file.isVerbose
        }
        diagnosis.reportUnknownKeys(in: section, known: Schema.top)
        var settings = top(section, path: path, isSidekiq: form)
        decodePoison(section, into: &settings)
        decodeLimits(section, into: &settings)
        settings.memory = memory(in: section)
        decodeLog(section, into: &settings)
        if isVerbose, section["log"] == nil { settings.logLevel = "debug" }
        return settings
    }

    private mutating func top(_ section: Section, path: String, isSidekiq: Bool) -> Settings {
        let pools = pools(in: section)
        let redis = redis(in: section)
        let processes = processes(in: section)
        let concurrency = concurrency(in: section)
        places.redis = section["redis"]?.value.place
        return Settings(
            file: path,
            directory: directory,
            redis: redis,
            processes: processes.most, autoProcesses: processes.range,
            concurrency: concurrency.most, autoConcurrency: concurrency.range,
            stopTimeout: diagnosis.valueOrDefault(Schema.timeout, in: section, Schema.timeout.duration),
            slow: diagnosis.valueOrDefault(Schema.slow, in: section, Schema.slow.duration),
            queues: diagnosis.queues(in: section, document: document, isSidekiq: isSidekiq),
            capsules: capsules(in: section, concurrency: concurrency.most, isSidekiq: isSidekiq),
            handlers: handlers(in: section, pools: Array(places.pools.keys)),
            pools: pools,
            maximumRetries: diagnosis.valueOrDefault(
                Schema.maximumRetries, in: section, Schema.maximumRetries.integer),
            deadMaximumJobs: diagnosis.valueOrDefault(
                Schema.deadMaximumJobs, in: section, Schema.deadMaximumJobs.integer),
            deadTimeout: diagnosis.valueOrDefault(Schema.deadTimeout, in: section, Schema.deadTimeout.duration),
            tag: diagnosis.valueOrDefault(Schema.tag, in: section, Self.oneLine),
            labels: labels(in: section, isSidekiq: isSidekiq),
            sidekiq: diagnosis.valueOrDefault(Schema.sidekiq, in: section, Schema.sidekiq.word) == "7"
                ? .seven : .eight,
            iterationRuntime: diagnosis.value(Schema.iterationRuntime, in: section, Schema.iterationRuntime.duration))
    }

    private mutating func decodePoison(_ section: Section, into settings: inout Settings) {
        let poison =
            subsection(Schema.poison, in: section) ?? Section(path: "poison", place: .start, entries: [])
        diagnosis.reportUnknownKeys(in: poison, known: Schema.poisonKeys)
        settings.poison = PoisonLimit(
            deaths: diagnosis.valueOrDefault(Schema.poisonDeaths, in: poison, Schema.poisonDeaths.integer),
            seconds: diagnosis.valueOrDefault(Schema.poisonWithin, in: poison, Schema.poisonWithin.duration))
    }

    private mutating func decodeLimits(_ section: Section, into settings: inout Settings) {
        let limits = subsection(Schema.limits, in: section) ?? Section(path: "limits", place: .start, entries: [])
        diagnosis.reportUnknownKeys(in: limits, known: Schema.limitKeys)
        settings.payloadLimits = PayloadLimits(
            bytes: diagnosis.valueOrDefault(Schema.payloadLimit, in: limits, Schema.payloadLimit.size),
            warningBytes: diagnosis.valueOrDefault(Schema.payloadWarning, in: limits, Schema.payloadWarning.size),
            depth: diagnosis.valueOrDefault(Schema.payloadDepth, in: limits, Schema.payloadDepth.integer))
        settings.childrenWaiting = diagnosis.valueOrDefault(
            Schema.childrenWaiting, in: limits, Schema.childrenWaiting.integer)
    }

    private mutating func memory(in section: Section) -> MemorySettings {
        let memory = subsection(Schema.memory, in: section) ?? Section(path: "memory", place: .start, entries: [])
        diagnosis.reportUnknownKeys(in: memory, known: Schema.memoryKeys)
        return MemorySettings(
            pressure: diagnosis.valueOrDefault(Schema.memoryPressure, in: memory, Schema.memoryPressure.share),
            available: diagnosis.valueOrDefault(Schema.memoryAvailable, in: memory, Schema.memoryAvailable.share),
            cliff: diagnosis.valueOrDefault(Schema.memoryCliff, in: memory, Schema.memoryCliff.size),
            cliffShare: diagnosis.valueOrDefault(Schema.memoryCliffShare, in: memory, Schema.memoryCliffShare.share),
            growth: diagnosis.valueOrDefault(Schema.memoryGrowth, in: memory, Schema.memoryGrowth.size))
    }

    private mutating func decodeLog(_ section: Section, into settings: inout Settings) {
        let log = subsection(Schema.log, in: section) ?? Section(path: "log", place: .start, entries: [])
        diagnosis.reportUnknownKeys(in: log, known: Schema.logKeys)
        settings.logLevel = diagnosis.valueOrDefault(Schema.logLevel, in: log, Schema.logLevel.word)
        settings.logFormat = diagnosis.valueOrDefault(Schema.logFormat, in: log, Schema.logFormat.word)
    }

    /// The mapping below a key; nil when it is absent, empty, or no mapping (then reported).
    mutating func subsection(_ key: SchemaKey, in section: Section) -> Section? {
        guard let entry = section[key.name] else { return nil }
        // A section whose lines are all comments is an empty one.
        if case .null = entry.value.content { return nil }
        let title = section.title(of: key.name)
        if let found = diagnosis.section(entry.value, path: title, document: document) { return found }
        diagnosis.report(entry.value.place, "`\(title)` must be \(key.expectation), not \(entry.value.described)")
        return nil
    }

    private mutating func labels(in section: Section, isSidekiq: Bool) -> [String] {
        if case .null = section["labels"]?.value.content { return [] }
        return (diagnosis.texts(Schema.labels, in: section) ?? []).compactMap { label in
            do throws(Mistake) {
                return try Self.oneLine(isSidekiq ? SidekiqFile.plainName(label.text) : label.text)
            } catch {
                diagnosis.report(label.place, "`labels` \(error.text)")
                return nil
            }
        }
    }

    /// A text that can stand on one line of a log or a dashboard.
    static func oneLine(_ text: String) throws(Mistake) -> String {
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw Mistake("must be on one line, without control characters")
        }
        return text
    }
}
