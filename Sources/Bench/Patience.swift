import Glibc
import Platform

/// Every wait of the bench, so that a signal to stop ends each of them.
final class Patience {
    private let signals: SignalDescriptor

    /// Blocks the signals that ask to stop, in this thread and those that follow.
    init() throws { signals = try SignalDescriptor(blocking: [.interrupt, .terminate, .hangup]) }

    /// Waits until the time has passed, or the descriptor can be read or its other end is closed.
    ///
    /// - Throws: `BenchError.interrupted` as soon as a signal asks to stop.
    func wait(seconds: Double, reading descriptor: Int32 = -1) throws {
        // poll(2) passes over a negative descriptor.
        var items = [
            pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        poll(&items, 2, Int32((seconds * 1000).rounded(.up)))
        if let signal = signals.next()?.signal { throw BenchError.interrupted(by: signal) }
    }

    /// Looks every few milliseconds until the condition holds.
    ///
    /// - Throws: `BenchError.failed` with `what` if the limit came first.
    func wait(for what: @autoclosure () -> String, limit seconds: Double, _ condition: () throws -> Bool) throws {
        let deadline = MonotonicTime.now().advanced(bySeconds: seconds)
        while try !condition() {
            guard MonotonicTime.now() < deadline else { throw BenchError.failed("waited \(seconds) s for \(what())") }
            try wait(seconds: 0.004)
        }
    }
}
