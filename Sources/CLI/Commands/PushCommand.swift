import ArgumentParser
import Configuration
import JobModel
import Platform
import Queueing
import Redis

/// `martlet push`: enqueues one job, or many from a file.
struct PushCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Push a job, or many from a file, and print the jids.",
        discussion: """
            Each ARG is JSON, or else taken as a string: `martlet push ReportJob 42 '{"format":"pdf"}' tomorrow`.
            With --from each line is one job object; lines that are none are reported and left out, and the exit status \
            is 65 then.
            """)

    @OptionGroup var words: JobWords
    @OptionGroup var options: ConfigurationOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("The queue (default: default).", valueName: "name"))
    var queue: String?
    @Option(name: .customLong("in"), help: ArgumentHelp("Due after this time, such as 5m.", valueName: "duration"))
    var delay: String?
    @Option(
        help: ArgumentHelp("Due at this time: seconds since 1970, or 2026-12-24T18:00:00Z.", valueName: "time"))
    var at: String?
    @OptionGroup var treatment: PushOptions
    @Option(help: ArgumentHelp("One job object a line, from this file or, with -, standard input.", valueName: "file"))
    var from: String?

    func validate() throws {
        if from == nil && words.jobClass == nil { throw ValidationError("name a class, or a file with --from") }
        if from != nil && words.jobClass != nil {
            throw ValidationError("give a class and its arguments, or --from, not both")
        }
        if from != nil && (queue != nil || delay != nil || at != nil || !treatment.isEmpty) {
            throw ValidationError("with --from, queue, time and options stand in each line")
        }
        if delay != nil && at != nil { throw ValidationError("give --in or --at, not both") }
    }

    func run() throws {
        let settings = try options.loadForRedis()
        guard let from else {
            let job = try single(settings)
            return try RedisAccess.with(settings) { redis in
                var push = BulkPush(
                    source: "martlet", limits: settings.payloadLimits, sidekiq: settings.sidekiq, over: redis)
                try push.push([job])
            }
        }
        var lines = try LineReader(from)
        let refused = try RedisAccess.with(settings) { redis in
            var push = BulkPush(source: from, limits: settings.payloadLimits, sidekiq: settings.sidekiq, over: redis)
            return try push.push(&lines)
        }
        if refused > 0 { throw Exit.badData }
    }

    private func single(_ settings: Settings) throws -> JobDraft.Prepared {
        let now = Timestamp(milliseconds: WallClock.milliseconds())
        let object = JobDraft.object(
            class: words.jobClass ?? "", arguments: words.values, queue: queue,
            options: treatment.members,
            at: try dueSeconds(now))
        do throws(DraftError) {
            return try JobDraft.prepare(
                object, now: now, newJID: BulkPush.newJID(), as: settings.sidekiq, limits: settings.payloadLimits)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// Seconds since 1970 when the job is due, nil for now.
    private func dueSeconds(_ now: Timestamp) throws -> Double? {
        if let delay {
            guard let seconds = DurationArgument.seconds(delay) else {
                throw ValidationError("--in takes a duration such as 30, 500ms, 5s, 5m, 2h or 1d, not '\(delay)'")
            }
            return now.seconds + seconds
        }
        guard let at else { return nil }
        guard let time = Timestamp(text: at) else {
            throw ValidationError(
                "--at takes seconds since 1970 or a time such as 2026-12-24T18:00:00Z, not '\(at)'")
        }
        return time.seconds
    }
}
