import ArgumentParser
import JobModel
import Queueing

/// `martlet queues clear`: removes a queue and all that waits in it.
struct QueuesClearCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Delete a queue with all jobs that wait in it.",
        discussion:
            "`martlet queues clear mail --yes`. Its jobs are gone; what runs goes on. The next push makes the queue anew."
    )

    @Argument(help: ArgumentHelp("The queue.", valueName: "name")) var name: QueueName
    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Do it: without this, it says how many jobs it would be.") var yes = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let settings = try options.loadForRedis()
        let count = try RedisAccess.with(settings) { redis in
            guard !yes else { return try QueueList.clear(name, over: redis) }
            guard let state = try QueueList.states(of: [name], redis).first else { return 0 }
            Output.error("\(state.size) jobs would be deleted, of the queue \(name); nothing was done: say --yes")
            throw Exit.usage
        }
        if json {
            var text = ObjectText()
            text.add("deleted", number: Double(count))
            Output.bytes(text.bytes + [0x0A])
        } else {
            Output.line("deleted \(count) job\(count == 1 ? "" : "s")")
        }
    }
}
