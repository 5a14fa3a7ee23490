import Glibc
import Platform

/// What the processes of a daemon and its Redis have used so far, from /proc; only differences mean anything.
struct Usage {
    /// Microseconds of processor time: of the worker processes, of handlers, of Redis, of supervisor and scheduler.
    var worker = 0.0, handlers = 0.0, redis = 0.0, others = 0.0

    static func now(of daemon: Daemon, _ server: Server) -> Usage {
        var usage = Usage()
        for process in Family(of: daemon.pid).members {
            switch process.role {
            case .worker:
                usage.worker += Self.ownMicroseconds(process.pid)
                usage.handlers += Self.reapedMicroseconds(process.pid)
            case .handler: usage.handlers += Self.ownMicroseconds(process.pid)
            case .other: usage.others += Self.ownMicroseconds(process.pid)
            }
        }
        usage.redis = Self.ownMicroseconds(server.pid)
        return usage
    }

    static func + (left: Usage, right: Usage) -> Usage {
        Usage(
            worker: left.worker + right.worker, handlers: left.handlers + right.handlers,
            redis: left.redis + right.redis, others: left.others + right.others)
    }

    static func - (later: Usage, earlier: Usage) -> Usage {
        Usage(
            worker: later.worker - earlier.worker, handlers: later.handlers - earlier.handlers,
            redis: later.redis - earlier.redis, others: later.others - earlier.others)
    }

    /// Of all threads that live, exact to the nanosecond: the first number of each thread's schedstat, see
    /// Documentation/scheduler/sched-stats.rst of the kernel. The times in /proc/PID/stat have ticks of 10 ms.
    static func ownMicroseconds(_ pid: Int32) -> Double {
        Proc.numbers("/proc/\(pid)/task").reduce(0) { sum, thread in
            let words = Proc.text("/proc/\(pid)/task/\(thread)/schedstat").split(separator: " ")
            return sum + (words.first.flatMap { Double($0) } ?? 0) / 1000
        }
    }

    /// Of ended children that were waited for: fields 16 and 17 of /proc/PID/stat, proc(5).
    private static func reapedMicroseconds(_ pid: Int32) -> Double {
        // The name in parentheses may contain spaces; the field behind it is the third.
        let fields = Proc.text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 14, let user = Double(fields[13]), let system = Double(fields[14]) else { return 0 }
        return (user + system) * 1e6 / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
