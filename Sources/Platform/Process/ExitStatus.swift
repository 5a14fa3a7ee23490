import Glibc

/// How a process ended.
package enum ExitStatus: Equatable, Sendable, CustomStringConvertible {
    /// It called exit(3); 0 to 255.
    case exited(Int32)
    /// A signal ended it.
    case signaled(Signal, coreDumped: Bool)

    /// A signal ended it that is no request to end, as an operator or a service manager sends it.
    package var isUnexplained: Bool {
        switch self {
        case .exited: false
        case .signaled(let signal, _): ![.terminate, .interrupt, .hangup].contains(signal)
        }
    }

    package var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signaled(let signal, coreDumped: false): "killed by \(signal.name)"
        case .signaled(let signal, coreDumped: true): "killed by \(signal.name), core dumped"
        }
    }
}

/// How a process ended, and what it used.
package struct ExitReport: Equatable, Sendable {
    package let status: ExitStatus
    /// User and system time of the process and of the children it waited for.
    package let cpuSeconds: Double
    /// The largest resident set it or one of those children had, in KiB.
    package let maximumResidentKB: Int

    package init(status: ExitStatus, cpuSeconds: Double, maximumResidentKB: Int) {
        self.status = status
        self.cpuSeconds = cpuSeconds
        self.maximumResidentKB = maximumResidentKB
    }

    /// "killed by SIGKILL, peak memory 34 MB"
    package var summary: String {
        maximumResidentKB > 0 ? "\(status), peak memory \((maximumResidentKB + 1023) / 1024) MB" : "\(status)"
    }
}
