/// A `sidekiq.yml`, brought into the keys of our own schema (Sidekiq 7, lib/sidekiq/cli.rb, `parse_config`).
///
/// Keys may carry a colon; a section named like the environment is merged over the rest. Martlet's own keys, `handlers` above
/// all, can stand beside Sidekiq's, which ignores them.
struct SidekiqFile {
    let section: Section
    /// `verbose: true`, which means log level debug.
    private(set) var isVerbose = false

    /// Keys that only Sidekiq has.
    private static let own = [
        "verbose", "require", "environment", "average_scheduled_poll_interval", "poll_interval_average",
        "dead_timeout_in_seconds", "skip_default_job_logging", "logged_job_attributes",
        "redis_idle_timeout", "strict",
    ]
    private static let environments = ["development", "test", "staging", "production"]
    /// Keys that only Martlet has: one of them, and no colon anywhere, and the file is ours.
    private static let foreign = ["redis", "processes", "handlers", "log", "dead_timeout"]

    /// Whether a file is Sidekiq's: by its name, by a key with a colon, or by keys that only Sidekiq has.
    static func isMeant(by root: YAMLNode, document: YAMLDocument, file: String) -> Bool {
        guard case .mapping(let pairs) = root.content else { return false }
        let keys = pairs.compactMap { pair in pair.key.text.map(document.originalName) }
        if keys.contains(where: { $0.hasPrefix(":") && $0.count > 1 }) { return true }
        if keys.contains(where: foreign.contains) { return false }
        let name = file.split(separator: "/").last ?? ""
        return name == "sidekiq.yml" || name == "sidekiq.yaml" || keys.contains { (own + environments).contains($0) }
    }

    /// A key or symbol without its leading colon.
    static func plainName(_ text: String) -> String { text.hasPrefix(":") ? String(text.dropFirst()) : text }

    /// - Parameters:
    ///   - section: the file, its keys without their colons.
    ///   - environment: which section is merged over the rest.
    init(_ section: Section, environment: String, document: YAMLDocument, into diagnosis: inout Diagnosis) {
        var entries = section.entries
        if let chosen = section[environment],
            let over = diagnosis.section(chosen.value, path: "", document: document, naming: Self.plainName)
        {
            entries.removeAll { entry in entry.name == environment || over[entry.name] != nil }
            entries += over.entries
        }
        var kept: [YAMLEntry] = []
        for var entry in entries {
            switch entry.name {
            case "dead_timeout_in_seconds":
                entry.name = Schema.deadTimeout.name
                kept.append(entry)
            case "verbose":
                isVerbose = ["true", "yes", "on"].contains(entry.value.text?.lowercased())
            case let name where Schema.top.contains { $0.name == name }:
                kept.append(entry)
            case let name where Self.own.contains(name):
                continue
            default:
                // Sidekiq keeps unknown keys for the program's own use; sections are other environments.
                if case .mapping = entry.value.content { continue }
                diagnosis.note(entry.place, "\(quoted(entry.name)) has no effect in Martlet")
            }
        }
        self.section = Section(path: "", place: section.place, entries: kept)
    }

    /// The environment Sidekiq would run in.
    static func environment(_ variables: [String: String]) -> String {
        for name in ["APP_ENV", "RAILS_ENV", "RACK_ENV"] {
            if let value = variables[name], !value.isEmpty { return value }
        }
        return "development"
    }
}
