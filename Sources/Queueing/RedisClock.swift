package import JobModel
package import Redis

/// The clock that all processes of all hosts go by.
package enum RedisClock {
    /// Blocks.
    package static func now(_ redis: RedisConnection) throws(RedisError) -> Timestamp {
        guard let now = try Timestamp(redisTime: redis.call(RedisCommand("TIME")).accepted()) else {
            throw .unreadable("TIME")
        }
        return now
    }
}
