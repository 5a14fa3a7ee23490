import CPosix
import Glibc

/// A child of this process, held by a pidfd: until it is reaped its number belongs to nobody else.
package final class ChildProcess: Sendable {
    package let pid: Int32
    /// When its making began.
    package let since: MonotonicTime
    /// For its temporary files, nil if it has none. To be removed when it and all it started have ended.
    package let privateDirectory: PrivateDirectory?
    private let descriptor: FileDescriptor
    // Guards signals to the group against a reap in another thread: afterwards the number may be somebody else's.
    private let isReaped = Monitor(false)

    init(
        pid: Int32, pidfd: consuming FileDescriptor, since: MonotonicTime, privateDirectory: PrivateDirectory? = nil
    ) {
        self.privateDirectory = privateDirectory
        self.pid = pid
        self.since = since
        descriptor = pidfd
    }

    /// Readable once the child has ended: pidfd_open(2). Valid as long as this object.
    package var pidfd: Int32 { descriptor.raw }

    /// Sends a signal to the child alone. Without effect if it has ended or its credentials forbid it.
    package func signal(_ signal: Signal) { _ = cposix_pidfd_signal(descriptor.raw, signal.number) }

    /// Sends a signal to the child's process group: only for one spawned with a group or session of its own.
    ///
    /// Works after the child has ended, for those it left behind, but not after `reap`. Without effect if nobody is left.
    package func signalGroup(_ signal: Signal) {
        isReaped.withLock { if !$0 { kill(-pid, signal.number) } }
    }

    /// Takes the exit report without waiting.
    ///
    /// - Returns: nil while the child runs, and after the report was taken once.
    package func reap() -> ExitReport? {
        isReaped.withLock { (isReaped: inout Bool) -> ExitReport? in
            guard !isReaped else { return nil }
            var end = cposix_exit()
            let error = cposix_reap(descriptor.raw, &end)
            guard error != EAGAIN else { return nil }
            isReaped = true
            // ECHILD: somebody else waited for it and took its status. That is lost, and the child is not there.
            return error == 0 ? ExitReport(end) : ExitReport(told: .lost)
        }
    }

    /// Waits until the child has ended, then takes its exit report.
    ///
    /// - Returns: nil if the deadline came first; the child is then still running.
    package func wait(until deadline: MonotonicTime) -> ExitReport? {
        var item = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
        while true {
            if let report = reap() { return report }
            let seconds = deadline.seconds(since: .now())
            guard seconds > 0 else { return nil }
            // An hour at a time, since poll(2) takes 32 bits of milliseconds.
            poll(&item, 1, Int32(min((seconds * 1000).rounded(.up), 3_600_000)))
        }
    }
}
