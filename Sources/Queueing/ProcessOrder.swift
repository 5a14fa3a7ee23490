package import Redis

/// An order to a process, ours or Sidekiq's own, which it takes at its next heartbeat.
package enum ProcessOrder: String, Sendable {
    case quiet = "TSTP"
    case stop = "TERM"
    /// Its log then says what every slot is doing.
    case dump = "TTIN"

    /// How long an order stands that nobody takes; Sidekiq's.
    private static let standSeconds = 60

    /// - Returns: false if there is no such process (any more).
    package func give(to identity: String, over redis: RedisConnection) throws(RedisError) -> Bool {
        var command = RedisCommand(
            running: Scripts.order, keys: [Keys.processRecord(identity), Keys.signals(identity)])
        command.add(rawValue)
        command.add(Self.standSeconds)
        return try redis.call(command).accepted().integer == 1
    }
}
