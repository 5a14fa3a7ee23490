import ArgumentParser
import Configuration
import JobModel
import Platform
import Queueing

/// Which jobs of a place are meant.
struct FilterOptions: ParsableArguments {
    @Option(
        name: .customLong("class"),
        help: ArgumentHelp(
            "Of this class, wrapped or shown class; an ending * stands for any text.", valueName: "class"))
    var jobClass: String?
    @Option(help: ArgumentHelp("Whose error has this class; an ending * stands for any text.", valueName: "class"))
    var error: String?
    @Option(help: ArgumentHelp("With this tag.", valueName: "tag")) var tag: String?
    @Option(help: ArgumentHelp("With this text somewhere in its JSON.", valueName: "text")) var match: String?

    var filter: JobFilter { JobFilter(jobClass: jobClass, error: error, tag: tag, text: match) }
}

/// Between when they were pushed, died, or will be due.
struct TimeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Pushed, died or due at this time or later: 2026-12-24T18:00:00Z, seconds since 1970, or 2h for that long ago.",
            valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("At this time or earlier.", valueName: "time")) var until: String?

    func validate() throws {
        for (name, text) in [("--since", since), ("--until", until)] {
            if let text, Self.time(text, now: 0) == nil {
                throw ValidationError("\(name) takes a time such as 2026-12-24T18:00:00Z, or 2h, not '\(text)'")
            }
        }
    }

    func narrow(_ filter: inout JobFilter) {
        let now = WallClock.milliseconds()
        filter.since = since.flatMap { Self.time($0, now: now) }
        filter.until = until.flatMap { Self.time($0, now: now) }
    }

    /// A number without a unit is a time since 1970, as everywhere.
    private static func time(_ text: String, now: Int64) -> Timestamp? {
        Timestamp(text: text)
            ?? DurationArgument.seconds(text).map { Timestamp(milliseconds: now - Int64(min($0, 1e11) * 1000)) }
    }
}
