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

    package init(
        host: String, boot: String, pidNamespace: String, pid: Int32, startTime: UInt64, supervisor: Int32 = 0,
        role: String
    ) {
        self.host = host
        self.boot = boot
        self.pidNamespace = pidNamespace
        self.pid = pid
        self.startTime = startTime
        self.supervisor = supervisor
        self.role = role
    }

    var fields: [String] {
        [
            "host", host, "boot", boot, "pidns", pidNamespace, "pid", String(pid), "start", String(startTime),
            "supervisor", String(supervisor), "role", role,
        ]
    }
}

extension ProcessOrigin {
    package static func command(identity: String) -> RedisCommand { RedisCommand(["HGETALL", Keys.origin(identity)]) }

    /// - Returns: nil if the process left no record, or half of one.
    package static func read(_ reply: RedisReply) throws(RedisError) -> ProcessOrigin? {
        let values = try reply.accepted().textByName
        guard let host = values["host"], let boot = values["boot"], let pidNamespace = values["pidns"],
            let pid = values["pid"].flatMap({ Int32($0) }), let startTime = values["start"].flatMap({ UInt64($0) })
        else { return nil }
        return ProcessOrigin(
            host: host, boot: boot, pidNamespace: pidNamespace, pid: pid, startTime: startTime,
            supervisor: values["supervisor"].flatMap { Int32($0) } ?? 0, role: values["role"] ?? "")
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
