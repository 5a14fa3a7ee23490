import CPosix
import Glibc

/// How a process ended.
package enum ExitStatus: Equatable, Sendable, CustomStringConvertible {
    /// It called exit(3); 0 to 255.
    case exited(Int32)
    /// A signal ended it.
    case signaled(Signal, coreDumped: Bool)
    /// Somebody else took its exit status and did not tell.
    case lost

    /// A signal ended it that is no request to end, as an operator or a service manager sends it.
    package var isUnexplained: Bool {
        switch self {
        case .exited: false
        case .lost: true
        case .signaled(let signal, _): ![.terminate, .interrupt, .hangup].contains(signal)
        }
    }

    package var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .lost: "it ended, its exit status was lost"
        case .signaled(let signal, coreDumped: false): "killed by \(signal.name)"
        case .signaled(let signal, coreDumped: true): "killed by \(signal.name), core dumped"
        }
    }
}

/// What is known of a want of memory that ended a process: memory.events, memory.max and memory.peak of cgroups(7).
package struct MemoryShortage: Equatable, Sendable {
    /// The limit of its cgroup; nil if there was none, so that it was another limit, or the machine's memory.
    package let limitBytes: Int?
    /// What the cgroup used at most; nil if the kernel does not tell.
    package let peakBytes: Int?

    package init(limitBytes: Int?, peakBytes: Int?) {
        self.limitBytes = limitBytes
        self.peakBytes = peakBytes
    }

    /// "34 MB", rounded up.
    package static func megabytes(_ bytes: Int) -> String { "\((bytes + (1 << 20) - 1) >> 20) MB" }
}

/// How a process ended, and what it used.
package struct ExitReport: Equatable, Sendable {
    package let status: ExitStatus
    /// User and system time of the process and of the children it waited for.
    package let cpuSeconds: Double
    /// The largest resident set it or one of those children had, in KiB.
    package let maximumResidentKB: Int
    /// The kernel killed it because memory ran out; nil if it did not, or where that cannot be known.
    package let shortage: MemoryShortage?

    package init(
        status: ExitStatus, cpuSeconds: Double, maximumResidentKB: Int, shortage: MemoryShortage? = nil
    ) {
        self.status = status
        self.cpuSeconds = cpuSeconds
        self.maximumResidentKB = maximumResidentKB
        self.shortage = status == .signaled(.kill, coreDumped: false) ? shortage : nil
    }

    init(_ end: cposix_exit) {
        self.init(
            status: end.was_signaled != 0
                ? .signaled(Signal(number: end.number), coreDumped: end.dumped_core != 0) : .exited(end.number),
            cpuSeconds: Double(end.cpu_microseconds) / 1e6, maximumResidentKB: Int(end.maximum_resident_kb))
    }

    /// What another process that took the exit status tells of it: what was used is not known.
    package init(told status: ExitStatus) { self.init(status: status, cpuSeconds: 0, maximumResidentKB: 0) }

    /// The same, knowing what else is known of its end. An end that was not by SIGKILL was not for want of memory.
    package func adding(_ shortage: MemoryShortage?) -> ExitReport {
        ExitReport(
            status: status, cpuSeconds: cpuSeconds, maximumResidentKB: maximumResidentKB, shortage: shortage)
    }

    /// "killed by SIGKILL, peak memory 34 MB", "killed by SIGKILL (out of memory), peak memory 512 MB"
    package var summary: String {
        let cause = shortage == nil ? "" : " (out of memory)"
        let bytes = shortage?.peakBytes ?? maximumResidentKB << 10
        return "\(status)\(cause)" + (bytes > 0 ? ", peak memory \(MemoryShortage.megabytes(bytes))" : "")
    }
}
