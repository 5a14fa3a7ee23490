import Platform
import Redis

extension Rig {
    /// How fast waiting jobs are done, by workers and handlers that run already.
    ///
    /// - Parameters:
    ///   - jobs: measure no more than the first so many of the backlog; nil for all.
    ///   - kept: no more than so many wait at any moment; nil for all at once.
    ///   - prepare: what else lies in Redis.
    /// - Throws: `BenchError.failed` if in the end not every job is accounted for.
    func throughput(
        _ setup: Daemon.Setup, _ backlog: Backlog, first jobs: Int? = nil, kept: Int? = nil,
        on given: Server? = nil, prepare: (Server) throws -> Void = { _ in }
    ) throws -> Sample {
        let server = given ?? server
        var setup = setup
        setup.queues = backlog.queues
        return try withDaemon(setup, server) { daemon in
            try prepare(server)
            // Enough that every slot has had some, so that its handler has started.
            let warmUp = Backlog(jobs: setup.workers * setup.slots * 20, place: .queues(backlog.queues.count))
            try warmUp.stage(on: server)
            try warmUp.release(on: server)
            try wait(until: warmUp.jobs, daemon, server)
            try backlog.stage(on: server)

            let before = Usage.now(of: daemon, server)
            let start = MonotonicTime.now()
            if kept == nil { try backlog.release(on: server) }
            let done =
                try wait(until: warmUp.jobs + (jobs ?? backlog.jobs), daemon, server) {
                    if let kept { try backlog.release(upTo: kept, on: server) }
                } - warmUp.jobs
            let seconds = MonotonicTime.now().seconds(since: start)
            let used = Usage.now(of: daemon, server) - before

            let family = Family(of: daemon.pid)
            let sample = Sample(
                jobsPerSecond: Double(done) / seconds, workerMicroseconds: used.worker / Double(done),
                handlerMicroseconds: used.handlers / Double(done), redisMicroseconds: used.redis / Double(done),
                treeMegabytes: family.megabytes(),
                workerMegabytes: family.megabytes { $0 == .worker } / Double(setup.workers))
            // What is not done by now goes back when it stops.
            if jobs != nil { daemon.stop() }
            try account(for: warmUp.jobs + backlog.jobs, backlog, server)
            return sample
        }
    }

    /// The same with Redis so many microseconds away, each way.
    func throughput(_ setup: Daemon.Setup, _ backlog: Backlog, microsecondsAway: Int) throws -> Sample {
        let delay = try Delay(microseconds: microsecondsAway, to: server, workshop, patience)
        defer { delay.stop() }
        var setup = setup
        setup.way = .proxy(delay.socket)
        return try throughput(setup, backlog)
    }

    /// Waits until so many jobs are processed, failed ones included.
    ///
    /// - Parameter look: called before each look.
    /// - Returns: how many were processed then.
    @discardableResult
    func wait(until jobs: Int, _ daemon: Daemon, _ server: Server, before look: () throws -> Void = {}) throws -> Int {
        var processed = 0
        try daemon.wait(for: "\(jobs) jobs", limit: 120) {
            try look()
            processed = try server.integer("GET", "stat:processed")
            return processed >= jobs
        }
        return processed
    }

    /// Every job was done, or failed and is in the retry set, or waits; no job was counted twice or is missing.
    func account(for jobs: Int, _ backlog: Backlog, _ server: Server) throws {
        let processed = try server.integer("GET", "stat:processed")
        let failed = try server.integer("GET", "stat:failed")
        let waitForRetry = try server.integer("ZCARD", "retry")
        let left = try backlog.left(on: server)
        let dead = try server.integer("ZCARD", "dead")
        guard processed + left == jobs, failed == waitForRetry, failed == 0 || failed == jobs, dead == 0 else {
            throw BenchError.failed(
                "of \(jobs) jobs \(processed) were processed, \(failed) failed, \(waitForRetry) wait for a retry, "
                    + "\(left) are left, \(dead) dead; \(try oneFailure(on: server))")
        }
    }

    private func oneFailure(on server: Server) throws -> String {
        try server.call("ZRANGE", "retry", "0", "0").elements?.first?.text ?? ""
    }
}
