import Redis

/// Something the scheduler does again and again.
struct PeriodicTask: Sendable {
    let name: String
    /// Seconds from the end of one run to the start of the next.
    let interval: Double
    /// One run. It ends within moments: the tasks share a thread.
    let runOnce: @Sendable (SchedulerDesk, RedisConnection) throws(RedisError) -> Void
}
