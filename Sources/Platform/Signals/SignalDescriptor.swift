import CPosix
import Glibc

/// Signals as something to read: signalfd(2). Standard signals coalesce, so they must never be counted.
package struct SignalDescriptor: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Blocks the signals in the calling thread and opens a non-blocking descriptor for them.
    ///
    /// Call it before any other thread exists: threads inherit the mask of the one that starts them, and a signal
    /// that one thread does not block is never queued for the descriptor.
    package init(blocking signals: [Signal]) throws(SystemError) {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal.number) }
        let error = pthread_sigmask(SIG_BLOCK, &set, nil)
        guard error == 0 else { throw SystemError(code: error, doing: "block signals") }
        let raw = signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        guard raw >= 0 else { throw SystemError.last("open a signal descriptor") }
        descriptor = FileDescriptor(raw)
    }

    /// For the event loop: readable while signals wait.
    package var raw: Int32 { descriptor.raw }

    /// The next signal that waits, and who sent it: 0 for the kernel (a terminal's control-C).
    package func next() -> (signal: Signal, senderPID: Int32)? {
        var information = signalfd_siginfo()
        let result = withUnsafeMutableBytes(of: &information) { descriptor.read(into: $0) }
        // The kernel hands out whole records only.
        guard case .bytes = result else { return nil }
        return (Signal(number: Int32(information.ssi_signo)), Int32(bitPattern: information.ssi_pid))
    }

    /// Makes writing to a pipe nobody reads answer EPIPE instead of ending the process, in all threads.
    ///
    /// Programs spawned afterwards get the default back.
    package static func ignoreBrokenPipes() { Glibc.signal(SIGPIPE, SIG_IGN) }
}
