import Platform
import Redis

/// What a daemon costs that has nothing to do.
extension Rig {
    func idle(seconds: Double) throws -> Sample {
        try withDaemon(.init(command: ["./serve"]), server) { daemon in
            // A few jobs, so that a handler runs; then time to come to rest.
            let backlog = Backlog(jobs: 100)
            try backlog.stage(on: server)
            try backlog.release(on: server)
            try wait(until: 100, daemon, server)
            try patience.wait(seconds: 1)

            let monitor = try Monitor(server)
            let before = Usage.now(of: daemon, server)
            let start = MonotonicTime.now()
            try patience.wait(seconds: seconds)
            let used = Usage.now(of: daemon, server) - before
            let calls = try monitor.count()
            let span = MonotonicTime.now().seconds(since: start)

            let family = Family(of: daemon.pid)
            return Sample(
                treeMegabytes: family.megabytes(), workerMegabytes: family.megabytes { $0 == .worker },
                workerPercent: used.worker / span / 1e4, callsPerSecond: Double(calls) / span)
        }
    }
}

/// Counts what others send to a Redis: the command MONITOR shows each.
private struct Monitor {
    private let connection: RedisConnection

    init(_ server: Server) throws {
        connection = try RedisConnection.open(RedisEndpoint(.unix(path: server.socket)), name: "bench-monitor")
        try connection.call(RedisCommand("MONITOR")).accepted()
    }

    /// Commands since the beginning. Those a script runs are part of it, those between MULTI and EXEC too.
    func count() throws -> Int {
        while try connection.receive() {}
        var calls = 0
        var isTransaction = false
        while let line = try connection.nextReply()?.text {
            // 1795315261.885123 [0 unix:/path] "EVALSHA" "…", or [0 lua] for what a script does.
            guard let head = line.firstIndex(of: "]"), !line[..<head].hasSuffix(" lua") else { continue }
            let command = line[head...].dropFirst(3).prefix { $0 != "\"" }.lowercased()
            if command == "exec" { isTransaction = false } else if !isTransaction { calls += 1 }
            if command == "multi" { isTransaction = true }
        }
        return calls
    }
}
