import ArgumentParser
import Configuration
import Glibc
import JobModel
import Platform
import Queueing
import Redis

/// `martlet jobs cancel`: ends jobs that wait or run, on any host, and puts them into the dead set.
struct JobsCancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel jobs that wait or run, on any host.",
        discussion: """
            A job that waits is moved to the dead set at once. One that runs is told to end: in mode serve by a line, after \
            `grace` of its handler by SIGTERM, after another by SIGKILL; in mode spawn by SIGTERM at once. Exit status 0 if all \
            of them are cancelled; 75 if some still run (they will be); 65 if some were done, dead or not found.
            """)

    @Argument(help: ArgumentHelp("The jobs.", valueName: "jid"))
    var jids: [String]
    @OptionGroup var options: ConfigurationOptions
    @Option(
        help: ArgumentHelp("Wait so long for jobs that run to end (default: 10s).", valueName: "duration"))
    var wait: String?
    @Flag(help: "Print JSON.") var json = false

    /// Between two looks at what workers have answered, in seconds.
    private static let listenSeconds = 0.1
    /// Between two searches; once one may say that a job is nowhere, a pause of ten times their length, if that is longer.
    private static let searchSeconds = 0.5

    func validate() throws {
        if jids.contains("") { throw ValidationError("a jid is not empty") }
        if Set(jids).count > CancelRequests.most {
            throw ValidationError("cancel at most \(CancelRequests.most) jobs at once")
        }
        if let wait, DurationArgument.seconds(wait) == nil {
            throw ValidationError("--wait takes a duration such as 30, 500ms, 5s, 5m or 2h, not '\(wait)'")
        }
    }

    func run() throws {
        let settings = try options.loadForRedis()
        let seconds = wait.flatMap(DurationArgument.seconds) ?? 10
        var unique: [String] = []
        for jid in jids where !unique.contains(jid) { unique.append(jid) }
        let effort = try RedisAccess.with(settings) { redis in
            var effort = CancelEffort(
                unique, by: Cancellation(by: Operator.name), queues: settings.allQueues,
                deadLimits: DeadLimits(jobs: settings.deadMaximumJobs, seconds: Int(settings.deadTimeout)),
                sidekiq: settings.sidekiq, over: redis)
            try Self.pursue(&effort, forSeconds: seconds)
            return effort
        }
        let results = unique.map { CancelledJob($0, effort.results[$0] ?? .moving) }
        if json {
            Output.line(try CancelledJob.text(results))
        } else {
            for result in results { Output.line("\(result.jid): \(result.words)") }
        }
        for (place, refusal) in effort.troubles {
            Output.error("martlet: could not look into \(place): \(refusal.message)")
        }
        if results.contains(where: \.isOpen) { throw Exit.again }
        if results.contains(where: { !$0.isCancelled }) { throw Exit.badData }
    }

    /// Asks, looks for what waits, and then listens until all is decided or the time is over. Whoever is found nowhere is
    /// looked for until that can be believed, however short the time is.
    private static func pursue(_ effort: inout CancelEffort, forSeconds seconds: Double) throws {
        try effort.ask()
        let end = MonotonicTime.now().advanced(bySeconds: seconds)
        var nextSearch = MonotonicTime.now()
        while !effort.open.isEmpty {
            if MonotonicTime.now() >= nextSearch {
                let start = MonotonicTime.now()
                try effort.search()
                let length = effort.hasLookedLate ? MonotonicTime.now().seconds(since: start) : 0
                nextSearch = .now().advanced(bySeconds: max(searchSeconds, 10 * length))
            } else {
                try effort.listen()
            }
            let isEarly = effort.hasUnfound && !effort.hasLookedLate
            guard !effort.open.isEmpty, isEarly || MonotonicTime.now() < end else { break }
            usleep(UInt32(listenSeconds * 1e6))
        }
        effort.conclude()
    }
}
