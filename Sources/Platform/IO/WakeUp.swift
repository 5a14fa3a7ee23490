import CPosix
import Glibc
import Synchronization

/// Ends the wait of an event loop from any thread: eventfd(2).
package final class WakeUp: Sendable {
    private let descriptor: FileDescriptor
    // Whoever finds it clear writes; the loop clears it after reading. Saves a system call per further signal.
    private let isSignaled = Atomic(false)

    package init() throws(SystemError) {
        let raw = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard raw >= 0 else { throw SystemError.last("open an event descriptor") }
        descriptor = FileDescriptor(raw)
    }

    /// Readable while it is signalled and not cleared.
    package var raw: Int32 { descriptor.raw }

    /// Makes the loop's present turn, or else its next one, return at once and call `EventLoop.onWake`.
    ///
    /// Several signals may come to one wake-up: put what is to be said into a queue first.
    package func signal() {
        guard !isSignaled.exchange(true, ordering: .sequentiallyConsistent) else { return }
        // Can fail only when 2^64 - 2 signals wait, in which case the loop wakes up anyway.
        eventfd_write(descriptor.raw, 1)
    }

    /// Takes the signal back. What was put into a queue before `signal` is visible afterwards.
    package func clear() {
        var count: UInt64 = 0
        // Reading comes first: a signal between the two calls is then lost as a write, but not as a fact, since
        // queues are looked at after this. The other way round a write could be swallowed with the flag left set.
        _ = withUnsafeMutableBytes(of: &count) { descriptor.read(into: $0) }
        isSignaled.store(false, ordering: .sequentiallyConsistent)
    }
}
