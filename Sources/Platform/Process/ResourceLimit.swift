import CPosix
import Glibc

/// One limit the kernel holds a process to, each process for itself: setrlimit(2).
package struct ResourceLimit: Sendable, Equatable {
    package enum Kind: Sendable, CaseIterable {
        /// Numbers of descriptors: RLIMIT_NOFILE.
        case openFiles
        /// Processes and threads of its user on this machine: RLIMIT_NPROC. Root is not held to it.
        case processes
        /// Seconds of CPU time: RLIMIT_CPU. SIGXCPU, and SIGKILL when it goes on.
        case cpuTime
        /// Bytes of a file it writes: RLIMIT_FSIZE. SIGXFSZ.
        case fileSize
        /// Bytes of a core file: RLIMIT_CORE.
        case core
    }

    /// Seconds of CPU time between SIGXCPU and SIGKILL: enough to say what happened.
    private static let lastSeconds: UInt64 = 5

    package let kind: Kind
    package let value: UInt64

    package init(_ kind: Kind, _ value: UInt64) {
        self.kind = kind
        self.value = value
    }

    var raw: cposix_limit {
        let resource =
            switch kind {
            case .openFiles: RLIMIT_NOFILE
            case .processes: __RLIMIT_NPROC
            case .cpuTime: RLIMIT_CPU
            case .fileSize: RLIMIT_FSIZE
            case .core: RLIMIT_CORE
            }
        let hard = kind == .cpuTime ? value + Self.lastSeconds : value
        return cposix_limit(resource: Int32(resource.rawValue), soft: value, hard: hard)
    }
}

/// Who is served first by a disk that has too much to do: ioprio_set(2).
package enum IOPriority: Sendable, Equatable {
    /// After all others.
    case idle
    /// 0 (first) to 7 (last).
    case bestEffort(Int)

    /// Class and level as the kernel takes them; never 0.
    var raw: Int32 {
        switch self {
        case .bestEffort(let level): 2 << 13 | Int32(level)
        case .idle: 3 << 13
        }
    }
}
