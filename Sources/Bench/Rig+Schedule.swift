import Glibc
import Platform
import Redis

/// What the scheduler does.
extension Rig {
    /// How fast it moves jobs that are due to their queue, where nobody takes them. What is said of the worker is said of
    /// the scheduler here.
    func promotion(_ jobs: Int) throws -> Sample {
        let setup = Daemon.Setup(command: ["./serve"], queues: ["elsewhere"])
        return try withDaemon(setup, server) { daemon in
            let backlog = Backlog(jobs: jobs, place: .schedule)
            try backlog.stage(on: server)
            let before = Usage.now(of: daemon, server)
            let start = MonotonicTime.now()
            try backlog.release(on: server)
            try daemon.wait(for: "\(jobs) jobs to be promoted", limit: 120) { try backlog.left(on: server) == jobs }
            let seconds = MonotonicTime.now().seconds(since: start)
            let used = Usage.now(of: daemon, server) - before
            return Sample(
                jobsPerSecond: Double(jobs) / seconds, workerMicroseconds: used.others / Double(jobs),
                redisMicroseconds: used.redis / Double(jobs))
        }
    }

    /// How late jobs start whose time comes one after the other.
    ///
    /// - Parameter perSecond: so many are due in each second.
    func lateness(_ jobs: Int, perSecond: Double) throws -> Sample {
        workshop.remove("stamps")
        let setup = Daemon.Setup(command: ["./serve", "stamp", workshop.file("stamps")])
        return try withDaemon(setup, server) { daemon in
            // The first starts a handler and is not counted.
            let begin = Self.nanoseconds() + 500_000_000
            for number in 0...jobs {
                let due = number == 0 ? 0 : begin + Int(Double(number) / perSecond * 1e9)
                var command = RedisCommand(["ZADD", "schedule", "\(Double(due) / 1e9)"])
                command.add(Backlog.payload(number, argument: "\(due)"))
                try server.connection.call(command).accepted()
            }
            try wait(until: jobs + 1, daemon, server)
            let late = stamps().filter { $0 < 1e15 }
            guard late.count == jobs, late.allSatisfy({ $0 >= 0 }) else {
                throw BenchError.failed("of \(jobs) jobs \(late.count) started after their time")
            }
            return Sample(latencies: late.map { $0 / 1e6 })
        }
    }
}
