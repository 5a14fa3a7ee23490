import ArgumentParser
import Configuration
import Foundation
import JobModel
import Platform
import Queueing
import Redis

/// Either some jobs by name, or many by what they have in common.
struct BulkOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Jobs, by jid or, from lists of sorted sets, by key.", valueName: "jid or key"))
    var names: [String] = []
    @Option(
        name: .customLong("in"),
        help: ArgumentHelp("In bulk: all in retry, schedule, dead or queue:NAME.", valueName: "place"))
    var place: PlaceArgument?
    @OptionGroup var filters: FilterOptions
    @Option(help: ArgumentHelp("That have been there for longer than this, such as 7d.", valueName: "duration"))
    var olderThan: String?
    @Flag(help: "Do it: without this, bulk says how many it would be.") var yes = false
    @Flag(help: "List those that are meant, and do nothing.") var dryRun = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if names.contains("") { throw ValidationError("a jid is not empty") }
        if names.isEmpty && place == nil { throw ValidationError("name jobs, or a place with --in") }
        if let name = names.first, place != nil {
            throw ValidationError("--in means all jobs of a place: leave it out, or \(name)")
        }
        if case .running = place { throw ValidationError("jobs that run are ended by `martlet jobs cancel`") }
        if let olderThan, DurationArgument.seconds(olderThan) == nil {
            throw ValidationError("--older-than takes a duration such as 2h or 7d, not '\(olderThan)'")
        }
        if place == nil && (!filters.filter.isEmpty || olderThan != nil || yes || dryRun) {
            throw ValidationError("--class, --error, --tag, --match, --older-than, --yes and --dry-run go with --in")
        }
    }

    private var filter: JobFilter {
        var filter = filters.filter
        filter.before = olderThan.flatMap(DurationArgument.seconds).map {
            Timestamp(milliseconds: WallClock.milliseconds() - Int64(min($0, 1e11) * 1000))
        }
        return filter
    }

    /// Carries it out, and ends with 65 if something could not be done.
    ///
    /// - Parameter done: what a job then is: "deleted".
    func run(_ order: JobOrder, done: String, _ options: ConfigurationOptions) throws {
        let settings = try options.loadForRedis()
        let limits = DeadLimits(jobs: settings.deadMaximumJobs, seconds: Int(settings.deadTimeout))
        try RedisAccess.with(settings) { redis in
            guard case .lying(let place) = place else {
                return try SingleOrders(order, done: done, settings, redis).run(names, asJSON: json)
            }
            let bulk = BulkOrder(order, in: place, filter, deadLimits: limits, as: settings.sidekiq, over: redis)
            if dryRun {
                try JobListing(filter: filter).show([.lying(place)], like: place, asJSON: json, redis)
                return
            }
            guard yes else { throw try Self.unconfirmed(bulk, "\(done), of the \(place.title)") }
            let totals = try bulk.carryOut()
            if case .kill = order { Self.warn(ofKilled: totals.done, limits) }
            try Self.report(totals, done: done, asJSON: json)
        }
    }

    /// The dead set forgets what is beyond its limit, the oldest first, also of what was killed just now.
    private static func warn(ofKilled number: Int, _ limits: DeadLimits) {
        guard number > limits.jobs else { return }
        Output.error(
            "martlet: the dead set keeps \(limits.jobs) jobs (`dead_max_jobs`): the others of these \(number) are gone")
    }

    /// Says how many it would be.
    static func unconfirmed(_ bulk: BulkOrder, _ words: String) throws(RedisError) -> ExitCode {
        var count = 0
        try bulk.survey { _ in count += 1 }
        Output.error("\(count) job\(count == 1 ? "" : "s") would be \(words); nothing was done: say --yes")
        return Exit.usage
    }

    static func report(_ totals: BulkOrder.Totals, done: String, asJSON: Bool) throws {
        let left = totals.objections.count + totals.refused.count
        if asJSON {
            var text = ObjectText()
            text.add(done, number: Double(totals.done))
            text.add("gone", number: Double(totals.gone))
            text.add("left", number: Double(left))
            Output.bytes(text.bytes + [0x0A])
        } else {
            let gone = totals.gone == 0 ? "" : "; \(totals.gone) had gone before"
            Output.line("\(done) \(totals.done) job\(totals.done == 1 ? "" : "s")\(gone)")
        }
        var reasons: [String: Int] = [:]
        for reason in totals.objections.map(\.words) + totals.refused.map(\.message) {
            reasons[reason, default: 0] += 1
        }
        for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) {
            Output.error("martlet: left \(count) where they were: \(reason)")
        }
        if left > 0 { throw Exit.badData }
    }
}

extension JobOrder.Objection {
    var words: String {
        switch self {
        case .noJob: "it is no job that could be run"
        case .inQueueAlready: "it is in that queue already"
        case .deadAlready: "it is dead already"
        }
    }
}
