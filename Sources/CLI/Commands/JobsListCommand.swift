import ArgumentParser
import Queueing

/// `martlet jobs list`: the jobs of one place.
struct JobsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the jobs of a queue or a set, or those that run.",
        discussion: """
            What is fetched or due next comes first, of the dead the newest, of those that run the longest: \
            `martlet jobs list dead --class 'Reports::*' --since 2h`. The KEY of a job in a set finds it again without a search.
            """)

    @Argument(help: ArgumentHelp("One of \(PlaceArgument.words).", valueName: "place"))
    var place: PlaceArgument
    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var filters: FilterOptions
    @OptionGroup var times: TimeOptions
    @OptionGroup var page: PageOptions
    @Flag(help: "Print JSON, each job with its payload.") var json = false

    func run() throws {
        let settings = try options.loadForRedis()
        var filter = filters.filter
        times.narrow(&filter)
        let columns: JobPlace = if case .lying(let place) = place { place } else { .reserved(identity: "") }
        try RedisAccess.with(settings) { redis in
            _ = try page.listing(filter).show([place], like: columns, asJSON: json, redis)
        }
    }
}

/// Which part of a list is shown.
struct PageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("At most so many; 0 for all.", valueName: "n")) var limit = 50
    @Option(help: ArgumentHelp("Without the first so many.", valueName: "n")) var offset = 0
    @Flag(help: "The other end of the list first: of a queue the newest.") var reverse = false

    func validate() throws {
        if limit < 0 || offset < 0 { throw ValidationError("--limit and --offset take a number from 0") }
    }

    func listing(_ filter: JobFilter) -> JobListing {
        JobListing(filter: filter, isReverse: reverse, skipped: offset, most: limit == 0 ? .max : limit)
    }
}
