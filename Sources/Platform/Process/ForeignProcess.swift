import CPosix
import Glibc

/// A process that another one forked, held by a pidfd. If its parent ends it may become our child: we are subreaper.
package final class ForeignProcess {
    /// What an attempt to take the exit status came to.
    package enum Reaping {
        case report(ExitReport)
        /// It runs, or a debugger holds it.
        case notYet
        /// It is not our child, or somebody has taken its status.
        case notOurs
    }

    package let pid: Int32
    private let descriptor: FileDescriptor

    /// - Precondition: its parent does not reap it meanwhile, or the number might be somebody else's.
    package init(pid: Int32) throws(SystemError) {
        var raw: Int32 = -1
        let error = cposix_pidfd_open(pid, &raw)
        guard error == 0 else { throw SystemError(code: error, doing: "hold process \(pid)") }
        self.pid = pid
        descriptor = FileDescriptor(raw)
    }

    /// Readable once it has ended: pidfd_open(2). Valid as long as this object.
    package var pidfd: Int32 { descriptor.raw }

    /// Whether somebody has taken its exit status: its number may be another process's by now.
    package var isReaped: Bool { cposix_pidfd_signal(descriptor.raw, 0) == ESRCH }

    /// Whether its process group is its own and has its number.
    package var leadsGroup: Bool { getpgid(pid) == pid }

    /// Sends a signal to its process group, or to it alone if it leads none. Without effect once it was reaped.
    package func signalGroup(_ signal: Signal) {
        // Until it is reaped, which signal 0 would tell, its number is nobody else's.
        guard cposix_pidfd_signal(descriptor.raw, 0) == 0 else { return }
        if leadsGroup {
            kill(-pid, signal.number)
        } else {
            _ = cposix_pidfd_signal(descriptor.raw, signal.number)
        }
    }

    /// Takes its exit status, if it has become our child.
    package func reap() -> Reaping {
        var end = cposix_exit()
        return switch cposix_reap(descriptor.raw, &end) {
        case 0: .report(ExitReport(end))
        case EAGAIN: .notYet
        default: .notOurs
        }
    }
}
