import Platform
import Redis

extension Rig {
    /// How fast a waiting queue is emptied, by workers and handlers that run already.
    ///
    /// - Throws: `BenchError.failed` if in the end not every job is accounted for.
    func throughput(_ setup: Daemon.Setup, jobs: Int, appendOnly: Bool = false) throws -> Sample {
        let server = appendOnly ? durableServer : server
        return try withDaemon(setup, server) { daemon in
            // Enough that every slot has had some, so that its handler has started.
            let warmUp = setup.workers * setup.slots * 20
            try Backlog.stage(warmUp, on: server)
            try Backlog.release(on: server)
            try wait(until: warmUp, daemon, server)
            try Backlog.stage(jobs, on: server)

            let before = Usage.now(of: daemon, server)
            let start = MonotonicTime.now()
            try Backlog.release(on: server)
            try wait(until: warmUp + jobs, daemon, server)
            let seconds = MonotonicTime.now().seconds(since: start)
            let used = Usage.now(of: daemon, server) - before

            try account(for: warmUp + jobs, daemon, server)
            let family = Family(of: daemon.pid)
            return Sample(
                jobsPerSecond: Double(jobs) / seconds, workerMicroseconds: used.worker / Double(jobs),
                handlerMicroseconds: used.handlers / Double(jobs), redisMicroseconds: used.redis / Double(jobs),
                treeMegabytes: family.megabytes(),
                workerMegabytes: family.megabytes { $0 == .worker } / Double(setup.workers))
        }
    }

    /// Waits until so many jobs are processed, failed ones included.
    func wait(until jobs: Int, _ daemon: Daemon, _ server: Server) throws {
        try daemon.wait(for: "\(jobs) jobs", limit: 120) { try server.integer("GET", "stat:processed") >= jobs }
    }

    /// Every job was done or failed and is in the retry set, and no job was counted twice or is left anywhere.
    private func account(for jobs: Int, _ daemon: Daemon, _ server: Server) throws {
        let processed = try server.integer("GET", "stat:processed")
        let failed = try server.integer("GET", "stat:failed")
        let waitForRetry = try server.integer("ZCARD", "retry")
        let left = try server.integer("LLEN", "queue:default") + server.integer("ZCARD", "dead")
        guard processed == jobs, failed == waitForRetry, failed == 0 || failed == jobs, left == 0 else {
            throw BenchError.failed(
                "of \(jobs) jobs \(processed) were processed, \(failed) failed, \(waitForRetry) wait for a retry, "
                    + "\(left) are left or dead; \(try oneFailure(on: server))")
        }
    }

    private func oneFailure(on server: Server) throws -> String {
        try server.call("ZRANGE", "retry", "0", "0").elements?.first?.text ?? ""
    }
}
