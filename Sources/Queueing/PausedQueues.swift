package import JobModel
package import Redis

/// Queues from which nobody fetches for now: Sidekiq's set, which its Pro edition writes, too.
///
/// Workers look at it in the same step as they fetch, so a paused queue gives no job from that instant on; `QueueBell` tells
/// them when it changes.
package enum PausedQueues {
    package static var listCommand: RedisCommand { RedisCommand(["SMEMBERS", Keys.paused]) }

    package static func list(_ reply: RedisReply) throws(RedisError) -> Set<QueueName> {
        names(in: try reply.accepted())
    }

    /// None where the set cannot be read: nobody heeds it then.
    static func names(in reply: RedisReply) -> Set<QueueName> {
        Set((reply.elements ?? []).compactMap { $0.text.map(QueueName.init(trusted:)) })
    }

    /// Answered with the number of those that were not paused before.
    ///
    /// - Parameter names: at least one; a queue need not exist to be paused.
    package static func pauseCommand(_ names: [QueueName]) -> RedisCommand {
        RedisCommand(["SADD", Keys.paused] + names.map(\.text))
    }

    /// Answered with the number of those that were paused.
    ///
    /// - Parameter names: at least one.
    package static func resumeCommand(_ names: [QueueName]) -> RedisCommand {
        RedisCommand(["SREM", Keys.paused] + names.map(\.text))
    }
}
