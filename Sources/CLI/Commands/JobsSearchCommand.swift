import ArgumentParser
import Configuration
import JobModel
import Queueing

/// `martlet jobs search`: jobs with a text in them, wherever they are.
struct JobsSearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Find jobs by a text in their JSON, in all queues and sets.",
        discussion: """
            The text is compared byte by byte with the JSON of jobs, as it lies in Redis: `martlet jobs search '"user_id":42'`. \
            Exit status 65 if there is none.
            """)

    @Argument(help: ArgumentHelp("Part of the JSON of a job.", valueName: "text")) var text: String
    @OptionGroup var options: ConfigurationOptions
    @Option(
        name: .customLong("in"), help: ArgumentHelp("Only in \(PlaceArgument.words); repeatable.", valueName: "place"))
    var places: [PlaceArgument] = []
    @Option(help: ArgumentHelp("At most so many; 0 for all.", valueName: "n")) var limit = 50
    @Flag(help: "Print JSON, each job with its payload.") var json = false

    func validate() throws {
        if text.isEmpty { throw ValidationError("give a text to look for") }
        if limit < 0 { throw ValidationError("--limit takes a number from 0") }
    }

    func run() throws {
        let settings = try options.loadForRedis()
        let listing = JobListing(filter: JobFilter(text: text), most: limit == 0 ? .max : limit)
        let hasFound = try RedisAccess.with(settings) { redis in
            var places = places
            if places.isEmpty {
                places = try JobPlace.waiting(redis, and: settings.allQueues).map { .lying($0) }
                places += [.running, .lying(.dead)]
            }
            return try listing.show(places, like: nil, asJSON: json, redis)
        }
        if !hasFound { throw Exit.badData }
    }
}
