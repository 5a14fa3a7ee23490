package import JobModel
package import Redis

/// What is known of a queue's promise, over all hosts: kept a day in Redis.
package struct PromiseRecord: Equatable, Sendable {
    /// Seconds.
    package var promised: Double
    /// Of the job that is fetched next, when last measured; 0 for an empty queue.
    package var latency: Double
    /// The longest wait of the last 24 hours, in seconds.
    package var worst: Double
    /// For how many seconds of the last 24 hours it was broken.
    package var secondsOver: Double

    package init(promised: Double, latency: Double, worst: Double, secondsOver: Double) {
        self.promised = promised
        self.latency = latency
        self.worst = worst
        self.secondsOver = secondsOver
    }

    /// Seconds from one measurement to the next: what one that finds the promise broken stands for.
    package static let interval = 2
    /// One that nobody has measured for so long is no promise any more: it was taken out of the configuration.
    private static let staleMilliseconds = 60_000

    /// Notes one measurement. Several hosts may: each span of time counts once.
    package static func noteCommand(_ queue: QueueName, promised: Double, latency: Double) -> RedisCommand {
        var command = RedisCommand(running: Scripts.promise, keys: [Keys.promise(queue)])
        command.add(Int(promised * 1000))
        command.add(Int(min(latency, 1e9) * 1000))
        command.add(interval)
        return command
    }

    package static func readCommand(_ queue: QueueName) -> RedisCommand {
        RedisCommand(["HGETALL", Keys.promise(queue)])
    }

    /// - Parameter now: of Redis' clock.
    /// - Returns: nil where nothing is promised.
    package init?(_ reply: RedisReply, now: Timestamp) {
        let fields = reply.textByName
        guard let promise = fields["promise"].flatMap({ Int($0) }), promise > 0,
            let at = fields["at"].flatMap({ Int64($0) }),
            now.milliseconds - at < Self.staleMilliseconds
        else { return nil }
        func numbers(_ prefix: String) -> [Int] {
            fields.filter { $0.key.hasPrefix(prefix) }.compactMap { Int($0.value) }
        }
        self.init(
            promised: Double(promise) / 1000, latency: Double(fields["latency"].flatMap { Int($0) } ?? 0) / 1000,
            worst: Double(numbers("worst:").max() ?? 0) / 1000,
            secondsOver: numbers("over:").reduce(0) { $0 + Double($1) })
    }
}
