import ArgumentParser
import Configuration
import JobModel
import Queueing

/// `martlet isolated`: the classes that are kept apart because their jobs leave memory behind; releases them.
struct IsolatedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "isolated", abstract: "Show the classes that are kept apart for their memory, or release them.",
        discussion: """
            With `isolate: auto` of a handler, a class that makes a memory cliff gets processes of its own, each for one job, \
            in all workers of all hosts. Exit status 0; 65 if a class to be released is not kept apart.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Option(help: ArgumentHelp("Release this class; repeatable. Workers follow within 5 s.", valueName: "class"))
    var release: [String] = []
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let settings = try options.loadForRedis()
        let names = release.map { JobClass($0) }
        let (strangers, classes) = try RedisAccess.with(settings) { redis in
            let strangers = try names.filter { try !IsolatedClass.release($0, redis) }
            return (strangers, try IsolatedClass.read(redis))
        }
        for name in names where !strangers.contains(name) && !json { Output.line("released \(name.text)") }
        for name in strangers { Output.error("martlet: \(name.text) is not kept apart") }
        if json {
            Output.line(try IsolatedJSON.text(classes))
        } else if names.isEmpty {
            Output.line(IsolatedText.table(classes) ?? "no class is kept apart")
        }
        if !strangers.isEmpty { throw Exit.badData }
    }
}
