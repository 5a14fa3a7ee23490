import Glibc
import Platform

/// What one process has computed since it began, and how long it waited for a core.
struct ProcessorGauge {
    private let pid: Int32
    private let clock: clockid_t
    private var waits: ThreadWaits?
    /// Of the process's cgroup, which sees all it starts; nil where it has none.
    private let group: KeptFile?
    private var stat: KeptFile?
    /// What children had computed that the process has waited for, as far as was looked. Seconds.
    private var children = 0.0
    /// The most CPU that was told.
    private var most = 0.0
    private(set) var childrenSeenAt = MonotonicTime(nanoseconds: .min)

    private static let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))

    /// nil if the process is gone.
    init?(of pid: Int32, in group: KeptFile?) {
        var clock = clockid_t()
        guard clock_getcpuclockid(pid, &clock) == 0 else { return nil }
        self.pid = pid
        self.clock = clock
        self.group = group
        waits = ThreadWaits(of: pid)
    }

    /// Whether all it starts is counted, whenever it is read.
    var hasGroup: Bool { group != nil }

    /// Seconds. nil once the process was reaped. Of a process that has ended and was not reaped it still works.
    mutating func read(now: MonotonicTime, isLast: Bool = false) -> Shares.Use? {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return nil }
        let own = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        let wait = waits?.seconds(cpu: own, now: now, isLast: isLast) ?? 0
        let seen = group?.read { $0.number(after: "usage_usec") }.map { Double($0) / 1e6 } ?? own + children
        // Those files are not of one instant: nothing counts backwards.
        most = max(most, seen)
        return Shares.Use(cpu: most, wait: wait)
    }

    /// Looks what children have computed that it has waited for: cutime and cstime of proc(5), in steps of 10 ms. The next
    /// `read` counts it.
    mutating func lookAtChildren(now: MonotonicTime) {
        guard group == nil else { return }
        if stat == nil { stat = KeptFile("/proc/\(pid)/stat") }
        let found = stat?.read { line -> Int? in
            // The name, in parentheses, may contain anything.
            guard let close = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
            let fields = UnsafeRawBufferPointer(rebasing: line[(close + 1)...])
            // Behind the name and a space stands the state, field 3 of the manual page; cutime is 16, cstime 17.
            guard let user = fields.number(at: 14), let system = fields.number(at: 15) else { return nil }
            return user + system
        }
        guard let found else { return }
        children = Double(found) / Self.ticks
        childrenSeenAt = now
    }
}
