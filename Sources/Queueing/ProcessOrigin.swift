import JobModel
package import Redis

/// Where a process runs. Enough for another process of the same boot and pid namespace to tell that it is gone.
package struct ProcessOrigin: Equatable, Sendable {
    package var host: String
    /// /proc/sys/kernel/random/boot_id
    package var boot: String
    /// The inode of /proc/self/ns/pid: pids are comparable only within one.
    package var pidNamespace: String
    package var pid: Int32
    /// Start time in clock ticks after boot, field 22 of /proc/PID/stat: with the pid it names one process.
    package var startTime: UInt64
    /// The pid of its parent, which reaps it; 0 if that is not known.
    package var supervisor: Int32
    /// "worker"
    package var role: String
    /// The most connections its jobs can hold at once, by pool.
    package var connections: [String: Int]

    package init(
        host: String, boot: String, pidNamespace: String, pid: Int32, startTime: UInt64, supervisor: Int32 = 0,
        role: String, connections: [String: Int] = [:]
    ) {
        self.host = host
        self.boot = boot
        self.pidNamespace = pidNamespace
        self.pid = pid
        self.startTime = startTime
        self.supervisor = supervisor
        self.role = role
        self.connections = connections
    }

    var fields: [String] {
        [
            "host", host, "boot", boot, "pidns", pidNamespace, "pid", String(pid), "start", String(startTime),
            "supervisor", String(supervisor), "role", role,
        ] + (connections.isEmpty ? [] : ["connections", connectionsText])
    }
}

extension ProcessOrigin {
    /// "cache=10 postgres=20": names of pools have no spaces.
    private var connectionsText: String {
        connections.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }

    private static func connections(_ text: String) -> [String: Int] {
        var connections: [String: Int] = [:]
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "=")
            // Whoever wrote it: sums of them must not overflow.
            guard parts.count == 2, let number = Int(parts[1]) else { continue }
            connections[String(parts[0])] = max(0, min(number, 1 << 40))
        }
        return connections
    }

    /// The most connections the jobs of all living processes can hold at once, by host and pool. Blocks.
    package static func connectionsByHost(
        _ connection: RedisConnection
    ) throws(RedisError) -> [String: [String: Int]] {
        let first = try connection.pipeline([
            RedisCommand("TIME"), RedisCommand(["ZRANGE", Keys.leases, "0", "-1", "WITHSCORES"]),
        ])
        guard let now = try Timestamp(redisTime: first[0].accepted()) else { throw .unreadable("TIME") }
        // Whose lease is over is gone, and waits to be rescued.
        let living = (try first[1].accepted().pairs ?? []).compactMap { name, end in
            (end.number ?? 0) > Double(now.milliseconds) ? name.text : nil
        }
        var demand: [String: [String: Int]] = [:]
        for reply in try connection.pipeline(living.map(command)) {
            guard let origin = try read(reply) else { continue }
            demand[origin.host, default: [:]].merge(origin.connections) { $0 + $1 }
        }
        return demand
    }

    package static func command(identity: String) -> RedisCommand { RedisCommand(["HGETALL", Keys.origin(identity)]) }

    /// - Returns: nil if the process left no record, or half of one.
    package static func read(_ reply: RedisReply) throws(RedisError) -> ProcessOrigin? {
        let values = try reply.accepted().textByName
        guard let host = values["host"], let boot = values["boot"], let pidNamespace = values["pidns"],
            let pid = values["pid"].flatMap({ Int32($0) }), let startTime = values["start"].flatMap({ UInt64($0) })
        else { return nil }
        return ProcessOrigin(
            host: host, boot: boot, pidNamespace: pidNamespace, pid: pid, startTime: startTime,
            supervisor: values["supervisor"].flatMap { Int32($0) } ?? 0, role: values["role"] ?? "",
            connections: connections(values["connections"] ?? ""))
    }
}

extension RedisReply {
    /// A hash of texts, as HGETALL gives it.
    var textByName: [String: String] {
        var values: [String: String] = [:]
        for (name, value) in pairs ?? [] { values[name.text ?? ""] = value.text }
        return values
    }
}
