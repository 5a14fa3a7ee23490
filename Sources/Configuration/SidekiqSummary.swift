/// What was taken from a file that is Sidekiq's.
package struct SidekiqSummary: Equatable, Sendable {
    /// The environment it was read for: `production`.
    package var environment: String
    /// Whether the file has a section for it.
    package var hasSection: Bool
    /// The keys that count, in the order of the file.
    package var taken: [String]
    /// Where the number of slots comes from if the file does not say it: `RAILS_MAX_THREADS`, or nil for the default.
    package var concurrencyOrigin: String?
}

/// What around a Sidekiq file counts for what it means.
struct SidekiqSurroundings {
    /// The section that is merged over the rest.
    let environment: String
    /// RAILS_MAX_THREADS; nil if it is empty, or something else says the number of slots.
    let maximumThreads: String?
    /// Whether something over the file says the number of slots.
    let saysConcurrency: Bool

    init(variables: [String: String], flags: FlagOverrides) {
        let names = ["APP_ENV", "RAILS_ENV", "RACK_ENV"]
        let found = names.lazy.compactMap { variables[$0] }.first { !$0.isEmpty }
        environment = flags.environment ?? found ?? "development"
        saysConcurrency = flags.concurrency != nil || !(variables["MARTLET_CONCURRENCY"] ?? "").isEmpty
        let text = variables["RAILS_MAX_THREADS"] ?? ""
        maximumThreads = text.isEmpty || saysConcurrency ? nil : text
    }
}
