import Platform

/// What the machine does without Martlet.
extension Rig {
    /// Reserving and settling in batches by a C program.
    ///
    /// - Parameters:
    ///   - kind: "list" or "hash", see moves.c.
    ///   - microsecondsAway: how far away Redis is, each way.
    func moves(
        _ backlog: Backlog, processes: Int, kind: String, batch: Int = 10, microsecondsAway: Int? = nil
    ) throws -> Sample {
        try server.call("FLUSHALL")
        try backlog.stage(on: server)
        try backlog.release(on: server)
        let delay = try microsecondsAway.map { try Delay(microseconds: $0, to: server, workshop, patience) }
        defer { delay?.stop() }
        let before = server.microseconds
        let socket = delay?.socket ?? server.socket
        let result = try workshop.run(workshop.file("moves"), [socket, "\(processes)", "\(batch)", kind])
        guard try backlog.left(on: server) == 0 else { throw BenchError.failed("moves left jobs behind") }
        return try sample(result, backlog.jobs, redis: server.microseconds - before)
    }

    /// Processor time and nothing else, by as many processes as there are processors.
    func burning(_ jobs: Int, seconds: Double) throws -> Sample {
        let processors = Machine.processors
        let result = try workshop.run(workshop.file("burning"), ["\(seconds)", "\(jobs)", "\(processors)"])
        return try sample(result, jobs / processors * processors, redis: nil)
    }

    /// A process per job, nothing else.
    func spawnLoops(_ jobs: Int, loops: Int) throws -> Sample {
        let result = try workshop.run(
            workshop.file("spawning"), [workshop.file("spawn"), "\(jobs)", "\(loops)"])
        return try sample(result, jobs, redis: nil)
    }

    /// Redis's own load generator, a command a job, none batched.
    func redisBenchmark(commands: Int) throws -> Sample {
        try server.call("FLUSHALL")
        let backlog = Backlog(jobs: 1)
        try backlog.stage(on: server)
        try backlog.release(on: server)
        let before = server.microseconds
        let result = try workshop.run(
            "/usr/bin/redis-benchmark",
            [
                "-s", server.socket, "-c", "10", "-n", "\(commands)", "--csv", "LMOVE", "queue:default",
                "queue:default",
                "RIGHT", "LEFT",
            ])
        // Two lines, the second: "LMOVE …","48231.51","0.184",…
        let fields = result.output.split(separator: "\n").last?.split(separator: ",") ?? []
        guard fields.count > 1, let rate = Double(fields[1].filter { $0 != "\"" }) else {
            throw BenchError.failed("redis-benchmark wrote:\n\(result.output)")
        }
        return Sample(jobsPerSecond: rate, redisMicroseconds: (server.microseconds - before) / Double(commands))
    }

    /// - Parameter result: of a program that prints its seconds.
    private func sample(_ result: (output: String, report: ExitReport), _ jobs: Int, redis: Double?) throws -> Sample {
        guard let seconds = Double(result.output.filter { !$0.isWhitespace }), seconds > 0 else {
            throw BenchError.failed("a limit's program wrote:\n\(result.output)")
        }
        return Sample(
            jobsPerSecond: Double(jobs) / seconds, workerMicroseconds: result.report.cpuSeconds * 1e6 / Double(jobs),
            redisMicroseconds: redis.map { $0 / Double(jobs) })
    }
}
