import ArgumentParser
import JobModel
import Queueing

/// `martlet queues show`: the jobs of a queue.
struct QueuesShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the jobs of a queue, what is fetched next first.",
        discussion:
            "`martlet queues show default --newest --limit 10`. The same as `martlet jobs list queue:NAME`, which has filters."
    )

    @Argument(help: ArgumentHelp("The queue.", valueName: "name")) var name: QueueName
    @OptionGroup var options: ConfigurationOptions
    @Option(help: ArgumentHelp("At most so many; 0 for all.", valueName: "n")) var limit = 50
    @Flag(help: "What was pushed last first.") var newest = false
    @Flag(help: "Print JSON, each job with its payload.") var json = false

    func validate() throws {
        if limit < 0 { throw ValidationError("--limit takes a number from 0") }
    }

    func run() throws {
        let settings = try options.loadForRedis()
        let listing = JobListing(isReverse: newest, most: limit == 0 ? .max : limit)
        try RedisAccess.with(settings) { redis in
            _ = try listing.show([.lying(.queue(name))], like: .queue(name), asJSON: json, redis)
        }
    }
}
