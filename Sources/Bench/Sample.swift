/// What one run of a scenario came to. Nil is what was not measured.
struct Sample {
    var jobsPerSecond: Double?
    /// Microseconds of processor time per job.
    var workerMicroseconds, handlerMicroseconds, redisMicroseconds: Double?
    /// Milliseconds from a push to the first instruction of the handler that concerns the job.
    var latencies: [Double] = []
    /// Of supervisor, scheduler, workers and handlers.
    var treeMegabytes: Double?
    /// Of one worker process.
    var workerMegabytes: Double?
    /// Per cent of one processor, all worker processes together.
    var workerPercent: Double?
    /// Commands from the daemon to Redis; a script or a transaction is one.
    var callsPerSecond: Double?
    /// Of `jobsPerSecond` and the limit's in the same repetition, or of the ideal.
    var ratio: Double?
    /// Processor time of worker and Redis per job, of that of the yardstick in the same repetition.
    var cost: Double?

    /// Of worker and Redis, per job; nil if one of them was not measured.
    var cpuMicroseconds: Double? { workerMicroseconds.flatMap { worker in redisMicroseconds.map { worker + $0 } } }
}
