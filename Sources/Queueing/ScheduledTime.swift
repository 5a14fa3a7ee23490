package import Redis

/// When a job that waits in a sorted set is due.
package enum ScheduledTime {
    /// Gives a job in the schedule or the retry set another time. Blocks.
    ///
    /// - Parameter seconds: since the epoch.
    /// - Returns: false if it is not there any more.
    package static func set(
        _ entry: JobEntry, to seconds: Double, over redis: RedisConnection
    ) throws(RedisError) -> Bool {
        guard entry.score != seconds else { return true }
        var command = RedisCommand(["ZADD", entry.place.key, "XX", "CH", Score.text(seconds)])
        command.add(entry.payload)
        return try redis.call(command).accepted().integer == 1
    }
}
