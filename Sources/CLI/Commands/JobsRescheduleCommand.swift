import ArgumentParser
import Configuration
import JobModel
import Platform
import Queueing
import Redis

/// `martlet jobs reschedule`: gives jobs of the schedule and the retry set another time.
struct JobsRescheduleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reschedule", abstract: "Give jobs of the schedule or the retry set another time.",
        discussion: """
            `martlet jobs reschedule c51bc571717edd65e934cb8e --in 2h`. Exit status 65 if one is neither scheduled nor waits for \
            a retry.
            """)

    @Argument(help: ArgumentHelp("Jobs, by jid or key.", valueName: "jid or key")) var names: [String]
    @OptionGroup var options: ConfigurationOptions
    @Option(name: .customLong("in"), help: ArgumentHelp("So long from now, such as 5m.", valueName: "duration"))
    var delay: String?
    @Option(help: ArgumentHelp("At this time: seconds since 1970, or 2026-12-24T18:00:00Z.", valueName: "time"))
    var at: String?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if names.contains("") { throw ValidationError("a jid is not empty") }
        if (delay == nil) == (at == nil) { throw ValidationError("give --in or --at") }
        if let delay, DurationArgument.seconds(delay) == nil {
            throw ValidationError("--in takes a duration such as 30, 500ms, 5s, 5m, 2h or 1d, not '\(delay)'")
        }
        if let at, Timestamp(text: at) == nil {
            throw ValidationError("--at takes seconds since 1970 or a time such as 2026-12-24T18:00:00Z, not '\(at)'")
        }
    }

    func run() throws {
        let settings = try options.loadForRedis()
        let isWhole = try RedisAccess.with(settings) { redis in
            let now = try RedisClock.now(redis).seconds
            let seconds =
                delay.flatMap(DurationArgument.seconds).map { now + $0 } ?? at.flatMap { Timestamp(text: $0) }?.seconds
                ?? now
            var finder = JobFinder(over: redis)
            var results: [(name: String, result: String, words: String)] = []
            for (name, found) in try finder.find(names) {
                let (result, words) = try Self.set(found, to: seconds, redis)
                results.append((name, result, words))
            }
            show(results, seconds)
            return results.allSatisfy { $0.result == "rescheduled" }
        }
        if !isWhole { throw Exit.badData }
    }

    private static func set(
        _ found: JobFinder.Found?, to seconds: Double, _ redis: RedisConnection
    ) throws(RedisError) -> (result: String, words: String) {
        switch found {
        case nil: return ("not_found", "not found: it was done or dropped, or there never was such a job")
        case .held(let job): return ("running", "not rescheduled: it is running in \(job.identity)")
        case .waiting(let entry) where entry.place == .schedule || entry.place == .retry:
            guard try ScheduledTime.set(entry, to: seconds, over: redis) else {
                return ("gone", "not rescheduled: it has just moved on")
            }
            let time = LogClock.universal(Timestamp(seconds: seconds).milliseconds)
            return ("rescheduled", "due at \(time), in the \(entry.place.title)")
        case .waiting(let entry): return ("left", "not rescheduled: it lies in the \(entry.place.title)")
        }
    }

    private func show(_ results: [(name: String, result: String, words: String)], _ seconds: Double) {
        guard json else {
            for result in results { Output.line("\(result.name): \(result.words)") }
            return
        }
        var lines = ObjectLines("jobs")
        for result in results {
            var text = ObjectText()
            text.add("name", text: result.name)
            text.add("result", text: result.result)
            if result.result == "rescheduled" { text.add("time", number: seconds) }
            lines.add(text)
        }
        lines.finish()
    }
}
