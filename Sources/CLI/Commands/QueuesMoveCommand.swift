import ArgumentParser
import JobModel
import Queueing

/// `martlet queues move`: puts the jobs of one queue into another, in their order.
struct QueuesMoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Put the jobs of a queue into another, in their order.",
        discussion: """
            Those that are fetched next go first, each in one step; their member queue then says the new name. \
            `martlet queues move default low --class ReportJob --limit 1000 --yes`. Exit status 65 if some could not be moved.
            """)

    @Argument(help: ArgumentHelp("The queue they are in.", valueName: "from")) var from: QueueName
    @Argument(help: ArgumentHelp("The other queue.", valueName: "to")) var to: QueueName
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var filters: FilterOptions
    @Option(help: ArgumentHelp("At most so many.", valueName: "n")) var limit: Int?
    @Flag(help: "Do it: without this, it says how many it would be.") var yes = false
    @Flag(help: "List those that are meant, and do nothing.") var dryRun = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if from == to { throw ValidationError("name two queues") }
        if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1") }
    }

    func run() throws {
        let settings = try options.loadForRedis()
        try RedisAccess.with(settings) { redis in
            let bulk = BulkOrder(.move(to: to), in: .queue(from), filters.filter, most: limit ?? .max, over: redis)
            if dryRun {
                let listing = JobListing(filter: filters.filter, most: limit ?? .max)
                _ = try listing.show([.lying(.queue(from))], like: .queue(from), asJSON: json, redis)
                return
            }
            guard yes else { throw try BulkOptions.unconfirmed(bulk, "moved, of the queue \(from)") }
            try BulkOptions.report(bulk.carryOut(), done: "moved", asJSON: json)
        }
    }
}
