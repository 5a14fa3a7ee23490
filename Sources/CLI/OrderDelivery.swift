import ArgumentParser
import Configuration
import Glibc
import Platform
import Queueing
import Redis

/// An order to some processes, and the wait until they have carried it out.
struct OrderDelivery {
    /// Nil for all there are.
    let names: [String]?
    /// All are meant, and that was confirmed.
    var isSure = false
    /// Nil not to wait.
    var waitSeconds: Double?
    let json: Bool

    /// Between two looks at their records, in seconds.
    private static let lookSeconds = 0.2

    /// Gives the order, and ends with 65 if some could not be given it, 75 if some have not carried it out in time.
    ///
    /// - Parameters:
    ///   - done: what a process then is: "quiet".
    ///   - isDone: whether it has carried it out; its state is nil once it is gone.
    func run(
        _ order: ProcessOrder, done: String, _ options: ConfigurationOptions, isDone: (ProcessState?) -> Bool
    ) throws {
        let settings = try options.loadForRedis()
        let results = try RedisAccess.with(settings) { redis in
            let roster = try ProcessRoster.read(redis)
            let meant = try names.map(roster.processes(named:)) ?? roster.processes
            if names == nil && !isSure {
                for process in meant { Output.error(process.identity) }
                Output.error("\(meant.count) processes would be told to be \(done); nothing was done: say --yes")
                throw Exit.usage
            }
            var results = try meant.map { process in
                let identity = process.identity
                guard !process.isEmbedded else { return Result(identity: identity, word: "embedded") }
                return Result(
                    identity: identity, word: try order.give(to: identity, over: redis) ? "told" : "not_found")
            }
            try follow(&results, done, redis, isDone)
            return results
        }
        show(results, done)
        if results.contains(where: { $0.word == "told" }) && waitSeconds != nil { throw Exit.again }
        if results.contains(where: { $0.word == "embedded" || $0.word == "not_found" }) { throw Exit.badData }
    }

    private struct Result {
        let identity: String
        /// "told", "embedded", "not_found", or what it then is.
        var word: String
    }

    private func follow(
        _ results: inout [Result], _ done: String, _ redis: RedisConnection, _ isDone: (ProcessState?) -> Bool
    ) throws {
        guard let seconds = waitSeconds else { return }
        let end = MonotonicTime.now().advanced(bySeconds: seconds)
        while results.contains(where: { $0.word == "told" }) {
            let roster = try ProcessRoster.read(redis)
            for index in results.indices where results[index].word == "told" {
                let process = roster.processes.first { $0.identity == results[index].identity }
                if isDone(process) { results[index].word = done }
            }
            guard results.contains(where: { $0.word == "told" }), MonotonicTime.now() < end else { return }
            usleep(UInt32(Self.lookSeconds * 1e6))
        }
    }

    private func show(_ results: [Result], _ done: String) {
        if json {
            var lines = ObjectLines("processes")
            for result in results {
                var text = ObjectText()
                text.add("identity", text: result.identity)
                text.add("result", text: result.word)
                lines.add(text)
            }
            return lines.finish()
        }
        for result in results {
            let words =
                switch result.word {
                case "told":
                    waitSeconds == nil ? "told; it hears of it at its next heartbeat" : "told, and not \(done) yet"
                case "embedded": "not told: it is part of another program"
                case "not_found": "not told: it is gone"
                default: result.word
                }
            Output.line("\(result.identity): \(words)")
        }
    }
}
