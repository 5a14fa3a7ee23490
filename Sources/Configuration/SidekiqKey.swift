/// What becomes here of a key that only Sidekiq, or something that goes with it, has in its file.
struct SidekiqKey {
    let name: String
    let fate: Fate

    enum Fate {
        /// Our own key of the same meaning.
        case setting(SchemaKey)
        /// Log level debug, if it is true.
        case verbose
        /// No effect: why not, or what stands for it.
        case nothing(String)
    }

    static func named(_ name: String) -> SidekiqKey? { table.first { $0.name == name } }

    private static let clock =
        "nothing is started by the clock here: leave that with one Sidekiq process, which pushes what Martlet then does"
    private static let ownLimits = "give such a queue a capsule of its own, or its handler `processes`"
    private static let promotion = "due jobs are moved to their queues within a second"
    private static let service = "that is for systemd, or what else starts it"

    static let table = [
        SidekiqKey(name: "verbose", fate: .verbose),
        SidekiqKey(name: "dead_timeout_in_seconds", fate: .setting(Schema.deadTimeout)),
        SidekiqKey(name: "require", fate: .nothing("handlers load their program themselves")),
        SidekiqKey(
            name: "environment",
            fate: .nothing("which section counts say -e, APP_ENV, RAILS_ENV and RACK_ENV; handlers have `env`")),
        SidekiqKey(name: "average_scheduled_poll_interval", fate: .nothing(promotion)),
        SidekiqKey(name: "poll_interval_average", fate: .nothing(promotion)),
        SidekiqKey(name: "strict", fate: .nothing("queues without weights are in strict order")),
        SidekiqKey(
            name: "skip_default_job_logging",
            fate: .nothing("each run ends with a line; `log: { level: warning }` keeps those of jobs that fail")),
        SidekiqKey(
            name: "logged_job_attributes", fate: .nothing("which fields a line has stands in docs/reference/cli.md")),
        SidekiqKey(name: "redis_idle_timeout", fate: .nothing("a worker keeps its connection")),
        SidekiqKey(name: "logfile", fate: .nothing("the log goes to standard error")),
        SidekiqKey(name: "pidfile", fate: .nothing(service)),
        SidekiqKey(name: "daemon", fate: .nothing(service)),
        SidekiqKey(name: "schedule", fate: .nothing(clock)),
        SidekiqKey(name: "scheduler", fate: .nothing(clock)),
        SidekiqKey(name: "cron", fate: .nothing(clock)),
        SidekiqKey(name: "periodic", fate: .nothing(clock)),
        SidekiqKey(name: "dynamic", fate: .nothing(clock)),
        SidekiqKey(name: "process_limits", fate: .nothing(ownLimits)),
        SidekiqKey(name: "blocking", fate: .nothing(ownLimits)),
        SidekiqKey(name: "limits", fate: .nothing(ownLimits)),
    ]
}
