import Glibc

/// The cores of this host, and how busy they are.
package enum Processors {
    /// How many this process may use: proc(5), "Cpus_allowed:   ff,ffffffff" of /proc/PID/status.
    package static var count: Int {
        let line = ProcFile.text("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed:") }
        let allowed = line?.dropFirst(13).reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) } ?? 0
        let online = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        return allowed > 0 ? min(allowed, online) : online
    }

    /// How many cores' time a cgroup, and all above it, may use: cpu.max of the kernel's admin-guide/cgroup-v2. Nil for no
    /// limit.
    package static func limit(of group: ControlGroup?) -> Double? {
        var least: Double?
        var next = group
        for _ in 0..<32 {
            guard let group = next, let text = group.text(of: "cpu.max") else { break }
            let words = text.split(separator: " ")
            if words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 {
                least = min(least ?? .infinity, quota / period)
            }
            next = group.parent
        }
        return least
    }

    /// The share of all cores' time that went into work over the next so many seconds, 0...1; blocks as long. Nil if
    /// /proc/stat does not say.
    package static func use(overSeconds seconds: Double) -> Double? {
        guard let before = times() else { return nil }
        usleep(UInt32(max(0, min(seconds, 10)) * 1e6))
        guard let after = times(), after.all > before.all else { return nil }
        return max(0, min(1, Double(after.busy - before.busy) / Double(after.all - before.all)))
    }

    /// Ticks since boot: proc(5), "cpu user nice system idle iowait irq softirq steal guest guest_nice". Guests are part of
    /// user and nice.
    private static func times() -> (busy: Int, all: Int)? {
        guard let text = ProcFile.text("/proc/stat"), let line = text.split(separator: "\n").first else { return nil }
        let ticks = line.split(separator: " ").dropFirst().prefix(8).compactMap { Int($0) }
        guard ticks.count >= 5 else { return nil }
        let all = ticks.reduce(0, +)
        return (all - ticks[3] - ticks[4], all)
    }
}
