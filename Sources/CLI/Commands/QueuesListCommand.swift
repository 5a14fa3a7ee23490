import ArgumentParser
import JobModel
import Queueing
import Redis

/// `martlet queues list`: all queues, how long they are, and how long their next job has waited.
struct QueuesListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List queues with their sizes, their latency, and whether they are paused.",
        discussion: """
            `martlet queues --json | jq '.queues[] | select(.latency > 60)'`. The latency is how long the job that is fetched next \
            has waited.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let settings = try options.loadForRedis()
        let (states, paused) = try RedisAccess.with(settings) { redis in
            let paused = try PausedQueues.list(redis.call(PausedQueues.listCommand))
            let names = try QueueList.names(redis.call(QueueList.namesCommand))
            return (try QueueList.states(of: Set(names).union(paused).sorted(), redis), paused)
        }
        if json {
            var lines = ObjectLines("queues")
            for state in states { lines.add(Self.text(state, isPaused: paused.contains(state.name))) }
            lines.finish()
        } else if states.isEmpty {
            Output.line("no queues yet: nothing was ever pushed to this Redis")
        } else {
            Output.line(
                Output.table(
                    ["QUEUE", " SIZE", " LATENCY", "STATE"],
                    states.map { state in
                        [
                            TerminalText.cell(state.name.text, atMost: QueueName.longest),
                            state.trouble.map(\.message) ?? String(state.size),
                            state.latencySeconds.map(StatusText.duration) ?? "-",
                            paused.contains(state.name) ? "paused" : "",
                        ]
                    }))
        }
    }

    private static func text(_ state: QueueState, isPaused: Bool) -> ObjectText {
        var text = ObjectText()
        text.add("name", text: state.name.text)
        text.add("size", number: Double(state.size))
        if let latency = state.latencySeconds { text.add("latency", number: latency) }
        text.add("paused", flag: isPaused)
        if let trouble = state.trouble { text.add("error", text: trouble.message) }
        return text
    }
}
