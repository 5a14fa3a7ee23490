package import JobModel
package import Redis

/// A queue as it stands.
package struct QueueState: Equatable, Sendable {
    package var name: QueueName
    package var size: Int
    /// How long the job that is fetched next has waited; nil if the queue is empty or that job does not say.
    package var latencySeconds: Double?
    /// Why nothing can be said: the key is of another type.
    package var trouble: RedisRefusal?
    /// Nil where nothing is promised.
    package var promise: PromiseRecord?
    /// Nobody fetches from it for now, since somebody wanted that.
    package var isPaused = false
    /// Whether that job has waited for longer than was promised; of a paused queue nothing is.
    package var isLate: Bool { isPaused ? false : promise.map { (latencySeconds ?? 0) > $0.promised } ?? false }
}

package enum QueueList {
    package static var namesCommand: RedisCommand { RedisCommand(["SMEMBERS", Keys.queues]) }

    /// - Returns: the names, sorted.
    package static func names(_ reply: RedisReply) throws(RedisError) -> [QueueName] {
        (try reply.accepted().elements ?? []).compactMap { $0.text.map(QueueName.init(trusted:)) }.sorted()
    }

    /// How many jobs wait in each; a number each.
    package static func depthCommands(_ names: [QueueName]) -> [RedisCommand] {
        names.map { RedisCommand(["LLEN", Keys.queue($0)]) }
    }

    /// Reads the states of some queues over a blocking connection.
    package static func states(
        of names: [QueueName], _ redis: RedisConnection
    ) throws(RedisError) -> [QueueState] {
        let replies = try redis.pipeline([RedisCommand("TIME"), PausedQueues.listCommand] + stateCommands(names))
        guard let now = try Timestamp(redisTime: replies[0].accepted()) else { throw .unreadable("TIME") }
        let paused = PausedQueues.names(in: replies[1])
        var states = states(Array(replies.dropFirst(2)), of: names, now: now)
        for index in states.indices { states[index].isPaused = paused.contains(states[index].name) }
        return states
    }

    package static func stateCommands(_ names: [QueueName]) -> [RedisCommand] {
        names.flatMap {
            [RedisCommand(["LLEN", Keys.queue($0)]), RedisCommand(["LINDEX", Keys.queue($0), "-1"])]
        }
    }

    /// - Parameter now: what latency is counted to.
    package static func states(_ replies: [RedisReply], of names: [QueueName], now: Timestamp) -> [QueueState] {
        zip(names, stride(from: 0, to: replies.count - 1, by: 2)).map { name, index in
            QueueState(
                name: name, size: replies[index].integer ?? 0,
                latencySeconds: replies[index + 1].bytes.flatMap { latency(of: $0, now: now) },
                trouble: replies[index].refusal)
        }
    }

    private static func latency(of payload: [UInt8], now: Timestamp) -> Double? {
        // What is no job will be buried when it is fetched; it has no say in how long jobs wait.
        guard let job = try? Job(decoding: payload), let since = job.enqueuedAt ?? job.createdAt else { return nil }
        return max(0, now.seconds - since.seconds)
    }
}

extension QueueList {
    /// Removes a queue with all that waits in it, and its name from the list. Blocks.
    ///
    /// - Returns: how many jobs that were.
    package static func clear(_ queue: QueueName, over redis: RedisConnection) throws(RedisError) -> Int {
        var command = RedisCommand(running: Scripts.clear, keys: [Keys.queue(queue), Keys.queues])
        command.add(queue.text)
        guard let count = try redis.call(command).accepted().integer else { throw .unreadable("clear") }
        return count
    }
}
