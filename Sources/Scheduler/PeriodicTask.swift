import Redis

/// Something the scheduler does again and again.
struct PeriodicTask: Sendable {
    let name: String
    /// Seconds from the end of one run to the start of the next, at the most.
    let interval: Double
    /// One run. It ends within moments: the tasks share a thread. Returns in how many seconds it wants to run again, if that
    /// is sooner.
    let runOnce: @Sendable (SchedulerDesk, RedisConnection) throws(RedisError) -> Double?

    init(
        name: String, interval: Double,
        runOnce: @escaping @Sendable (SchedulerDesk, RedisConnection) throws(RedisError) -> Double?
    ) {
        self.name = name
        self.interval = interval
        self.runOnce = runOnce
    }

    /// One that runs at its interval and no sooner.
    init(
        name: String, interval: Double,
        runOnce: @escaping @Sendable (SchedulerDesk, RedisConnection) throws(RedisError) -> Void
    ) {
        self.init(name: name, interval: interval) { (desk, redis) throws(RedisError) -> Double? in
            try runOnce(desk, redis)
            return nil
        }
    }
}
