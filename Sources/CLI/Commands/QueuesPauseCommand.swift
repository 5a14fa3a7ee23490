import ArgumentParser
import JobModel
import Queueing
import Redis

/// `martlet queues pause`: on all hosts.
struct QueuesPauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let nobody fetch from queues, until they are resumed.",
        discussion:
            "At once, for workers on all hosts; what runs goes on, and what is pushed waits. `martlet queues pause mail`."
    )

    @Argument(help: ArgumentHelp("The queues.", valueName: "name")) var names: [QueueName]
    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let settings = try options.loadForRedis()
        let changed = try RedisAccess.with(settings) { redis in
            // One by one: the answer says of how many it was true, not of which.
            try redis.pipeline(names.map { PausedQueues.pauseCommand([$0]) }).map { try $0.accepted().integer == 1 }
        }
        if json {
            var lines = ObjectLines("queues")
            for (name, changed) in zip(names, changed) {
                var text = ObjectText()
                text.add("name", text: name.text)
                text.add("changed", flag: changed)
                lines.add(text)
            }
            lines.finish()
        } else {
            for (name, changed) in zip(names, changed) {
                Output.line("\(name): \(changed ? "paused" : "was paused already")")
            }
        }
    }
}
