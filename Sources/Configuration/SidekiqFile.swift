/// A `sidekiq.yml`, brought into the keys of our own schema (Sidekiq 7, lib/sidekiq/cli.rb, `parse_config`).
///
/// Keys may carry a colon; a section named like the environment is merged over the rest. Martlet's own keys, `handlers` above
/// all, can stand beside Sidekiq's, which ignores them.
struct SidekiqFile {
    let section: Section
    /// `verbose: true`, which means log level debug.
    private(set) var isVerbose = false
    private(set) var summary: SidekiqSummary

    /// Slots of a file that does not say how many: Sidekiq's default since version 7.
    static let standardConcurrency = 5

    private static let environments = ["development", "test", "staging", "production"]
    /// Keys that only Martlet has: one of them, and no colon anywhere, and the file is ours, unless its name says otherwise.
    private static let foreign = ["redis", "processes", "handlers", "log", "dead_timeout"]
    /// Keys by which a file of another name is known. Those of ours are none of them.
    private static let telling = SidekiqKey.table.map(\.name).filter { !["cron", "limits"].contains($0) }

    /// Whether a file is called as Sidekiq's is.
    static func isNamed(_ file: String) -> Bool {
        let name = file.split(separator: "/").last ?? ""
        return name == "sidekiq.yml" || name == "sidekiq.yaml" || name.hasSuffix(".erb")
    }

    /// Whether a text whose YAML is not read yet may be Sidekiq's, so that its ERB counts: by the file's name, or by a key at
    /// the beginning of a line that has a colon.
    static func mayBeMeant(by text: String, file: String) -> Bool {
        isNamed(file)
            || text.split(whereSeparator: \.isNewline).contains { line in
                line.first == ":" && line.dropFirst().first?.isLetter ?? false
            }
    }

    /// Whether a file is Sidekiq's: by its name, by a key with a colon, or by keys that only Sidekiq has.
    static func isMeant(by root: YAMLNode, document: YAMLDocument, file: String) -> Bool {
        guard case .mapping(let pairs) = root.content else { return false }
        if isNamed(file) { return true }
        let keys = pairs.compactMap { pair in pair.key.text.map(document.originalName) }
        if keys.contains(where: { $0.hasPrefix(":") && $0.count > 1 }) { return true }
        if keys.contains(where: foreign.contains) { return false }
        return keys.contains { (telling + environments).contains($0) }
    }

    /// A key or symbol without its leading colon.
    static func plainName(_ text: String) -> String { text.hasPrefix(":") ? String(text.dropFirst()) : text }

    /// - Parameters:
    ///   - section: the file, its keys without their colons.
    ///   - directory: absolute, where the file lies.
    init(
        _ section: Section, around: SidekiqSurroundings, directory: String, document: YAMLDocument,
        into diagnosis: inout Diagnosis
    ) {
        var entries = section.entries
        let environment = around.environment
        summary = SidekiqSummary(environment: environment, hasSection: false, taken: [])
        if let chosen = section[environment],
            let over = diagnosis.section(chosen.value, path: "", document: document)
        {
            summary.hasSection = true
            entries.removeAll { entry in entry.name == environment || over[entry.name] != nil }
            entries += over.entries
        }
        var kept: [YAMLEntry] = []
        for var entry in entries {
            switch Self.fate(of: entry, document: document) {
            case .setting(let key):
                summary.taken.append(entry.name)
                entry.name = key.name
                kept.append(entry)
            case .verbose:
                isVerbose = ["true", "yes", "on"].contains(entry.value.text?.lowercased())
                summary.taken.append(entry.name)
            case .nothing(let reason):
                diagnosis.note(entry.place, "\(quoted(entry.name)) has no effect in Martlet\(reason)")
            case nil:
                continue
            }
        }
        kept += Self.defaults(beside: kept, around, directory, &summary, into: &diagnosis)
        self.section = Section(path: "", place: section.place, entries: kept)
    }

    /// What becomes of a key; nil if it needs no word: a section of another environment.
    private static func fate(of entry: YAMLEntry, document: YAMLDocument) -> SidekiqKey.Fate? {
        let mapping: [String]? =
            if case .mapping(let pairs) = entry.value.content {
                pairs.compactMap { pair in pair.key.text.map(document.originalName) }
            } else {
                nil
            }
        let own = Schema.top.first { $0.name == entry.name }
        // `limits` is also the word of a plug-in, which lists queues there.
        let isOurs = own != Schema.limits || (mapping ?? []).contains { Schema.limitKeys.map(\.name).contains($0) }
        if let own, isOurs { return .setting(own) }
        if let known = SidekiqKey.named(entry.name) {
            guard case .nothing(let reason) = known.fate else { return known.fate }
            return .nothing(": \(reason)")
        }
        let names = Schema.top.map(\.name) + SidekiqKey.table.map(\.name)
        if environments.contains(entry.name) || (mapping ?? []).contains(where: names.contains) { return nil }
        // Sidekiq keeps unknown keys for the program's own use.
        let near = Suggestion.nearest(to: entry.name, among: names).map { "; did you mean `\($0)`?" }
        return .nothing(near ?? "")
    }

    /// What Sidekiq takes from elsewhere where its file is silent.
    private static func defaults(
        beside kept: [YAMLEntry], _ around: SidekiqSurroundings, _ directory: String, _ summary: inout SidekiqSummary,
        into diagnosis: inout Diagnosis
    ) -> [YAMLEntry] {
        var added: [YAMLEntry] = []
        func add(_ key: SchemaKey, _ text: String) {
            added.append(YAMLEntry(name: key.name, place: .start, value: YAMLNode(text: text)))
        }
        if !kept.contains(where: { $0.name == Schema.tag.name }) { add(Schema.tag, tag(directory)) }
        if !kept.contains(where: { $0.name == Schema.concurrency.name }) {
            add(Schema.concurrency, concurrency(around, &summary, into: &diagnosis))
        }
        return added
    }

    private static func concurrency(
        _ around: SidekiqSurroundings, _ summary: inout SidekiqSummary, into diagnosis: inout Diagnosis
    ) -> String {
        guard let text = around.maximumThreads else {
            if !around.saysConcurrency {
                diagnosis.note(
                    .start,
                    "`concurrency` is not said, so it is \(standardConcurrency), as since Sidekiq 7 (before, it was 10)"
                )
            }
            return String(standardConcurrency)
        }
        summary.concurrencyOrigin = "RAILS_MAX_THREADS"
        do throws(Mistake) {
            return String(try Schema.capsuleConcurrency.integer(text))
        } catch {
            diagnosis.report(origin: "RAILS_MAX_THREADS", error.text)
            return String(standardConcurrency)
        }
    }

    /// What Sidekiq calls an application: its directory's name, or that above of Capistrano's (`releases/2026…`, `current`).
    static func tag(_ directory: String) -> String {
        var parts = directory.split(separator: "/").map(String.init)
        if parts.last == "config" { parts.removeLast() }
        if parts.last == "current" { parts.removeLast() }
        if let last = parts.last, last.allSatisfy(\.isNumber), parts.dropLast().last == "releases" {
            parts.removeLast(2)
        }
        return parts.last ?? ""
    }
}
