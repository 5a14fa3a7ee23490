package import JobModel
package import Redis

/// Tells a process that waits for jobs that something happened to one of its queues, or to the set of those that are paused,
/// without taking anything.
///
/// On a connection of its own. Redis tracks key prefixes for it (CLIENT TRACKING BCAST, Redis 6) and sends the names
/// of changed keys to a channel the same connection subscribes to. A job taken by another process rings too, and a
/// ring can be lost with the connection, so it only shortens a slow poll.
package enum QueueBell {
    static let channel = "__redis__:invalidate"

    /// First: the connection's number.
    package static var numberCommand: RedisCommand { RedisCommand(["CLIENT", "ID"]) }

    /// Then: have changes of these queues, and pauses, sent to the connection itself, and listen. Each is answered once.
    ///
    /// - Parameter number: the answer to `numberCommand`.
    package static func listenCommands(number: Int, queues: [QueueName]) -> [RedisCommand] {
        let tracking = ["CLIENT", "TRACKING", "ON", "REDIRECT", String(number), "BCAST"]
        return [RedisCommand(tracking + (prefixes(queues) + [Keys.paused]).flatMap { ["PREFIX", $0] }), resumeCommand]
    }

    /// While the process is busy: be quiet, but keep track. Answered once, maybe after further rings.
    package static var pauseCommand: RedisCommand { RedisCommand(["UNSUBSCRIBE", channel]) }
    package static var resumeCommand: RedisCommand { RedisCommand(["SUBSCRIBE", channel]) }

    /// - Returns: true if the reply is a ring, false if it answers a command. Which queue is not said: a prefix may
    ///   stand for several.
    package static func isRing(_ reply: RedisReply) -> Bool { reply.elements?.first?.text == "message" }

    /// The queues' keys, without those that another one is a prefix of: Redis refuses overlaps.
    static func prefixes(_ queues: [QueueName]) -> [String] {
        var chosen: [String] = []
        for key in queues.sorted().map(Keys.queue) where !chosen.contains(where: { key.utf8.starts(with: $0.utf8) }) {
            chosen.append(key)
        }
        return chosen
    }
}
