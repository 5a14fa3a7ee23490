import ArgumentParser
import Configuration
import Queueing
import Redis

/// `martlet jobs show`: all that is known of some jobs.
struct JobsShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show where jobs are, and all that is in them.",
        discussion: """
            By jid, or by the KEY of a list, which needs no search: `martlet jobs show 1795315261.885-c51bc571717edd65e934cb8e`. \
            The error's backtrace is shown in clear. Exit status 65 if one is nowhere.
            """)

    @Argument(help: ArgumentHelp("Jobs, by jid or key.", valueName: "jid or key")) var names: [String]
    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if names.contains("") { throw ValidationError("a jid is not empty") }
    }

    func run() throws {
        let settings = try options.loadForRedis()
        let isWhole = try RedisAccess.with(settings) { redis in
            let now = try RedisClock.now(redis)
            var finder = JobFinder(queues: settings.allQueues, over: redis)
            let found = try finder.find(names)
            let pages = try found.compactMap { _, found in try found.map { try JobPage($0, redis) } }
            if json {
                var lines = ObjectLines("jobs")
                for page in pages { lines.add(page.text) }
                lines.finish()
            } else {
                Output.line(pages.map { $0.page(now: now) }.joined(separator: "\n\n"))
            }
            for (place, refusal) in finder.troubles {
                Output.error("martlet: could not look into \(place): \(refusal.message)")
            }
            for (name, found) in found where found == nil { Output.error("martlet: \(name) is nowhere") }
            return pages.count == found.count
        }
        if !isWhole { throw Exit.badData }
    }
}
