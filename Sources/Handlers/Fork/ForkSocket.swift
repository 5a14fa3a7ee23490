import Glibc
import Platform

/// Our end of a preloader's control socket: whole messages, of which those wait that it has no room for.
///
/// Only the leader touches it.
final class ForkSocket {
    private let host: HandlerHost
    private var ours: FileDescriptor?
    /// The preloader's end, until it has it.
    private var theirs: FileDescriptor?
    private var outbox: [(message: [UInt8], pipes: HandlerPipes?)] = []
    /// While too many descriptors are on their way in messages nobody has read: unix(7), ETOOMANYREFS. The socket says nothing
    /// when there are fewer.
    private var retryTimer: TimerID?
    private static let secondsToRetry = 0.05

    init(host: HandlerHost) throws(SystemError) {
        self.host = host
        let pair = try FileDescriptor.socketPair()
        ours = consume pair.ours
        theirs = consume pair.theirs
    }

    /// To be given to the preloader.
    var theirNumber: Int32 { theirs?.raw ?? -1 }
    func closeTheirEnd() { theirs = nil }

    /// - Parameter sink: is to call `flush` and `receive` whenever it is told something.
    func watch(for sink: any EventSink) {
        if let raw = ours?.raw { host.watch(raw, for: .readable, sink) }
    }

    /// - Parameter pipes: whose far ends go along.
    func send(_ message: [UInt8], passing pipes: HandlerPipes? = nil) {
        guard ours != nil else { return }
        outbox.append((message, pipes))
        flush()
    }

    /// Sends what waits, as far as there is room.
    func flush() {
        guard let raw = ours?.raw else { return }
        while let next = outbox.first {
            switch ours?.send(next.message, passing: next.pipes?.passed ?? []) {
            case .wouldBlock: return host.loop.change(raw, to: [.readable, .writable])
            case .failed(ETOOMANYREFS):
                host.loop.change(raw, to: .readable)
                return flushLater()
            // What cannot be sent for another reason never can: its end follows, or the time for an answer passes.
            default: outbox.removeFirst()
            }
        }
        host.loop.change(raw, to: .readable)
    }

    private func flushLater() {
        guard retryTimer == nil else { return }
        retryTimer = host.loop.at(MonotonicTime.now().advanced(bySeconds: Self.secondsToRetry)) { [weak self] in
            self?.retryTimer = nil
            self?.flush()
        }
    }

    /// The next message; nil if there is none now.
    ///
    /// - Parameter end: called if the other end is closed.
    func receive(end: () -> Void = {}) -> [UInt8]? {
        var message: [UInt8]?
        let buffer = UnsafeMutableRawBufferPointer(rebasing: host.scratch[..<ForkMessage.longest])
        switch ours?.receive(into: buffer) {
        case .bytes(let count): message = Array(buffer[..<count])
        case .wouldBlock, nil: break
        case .end, .failed: end()
        }
        return message
    }

    func close() {
        if let raw = ours?.raw { host.loop.forget(raw) }
        if let retryTimer { host.loop.cancel(retryTimer) }
        retryTimer = nil
        ours = nil
        theirs = nil
        outbox = []
    }
}
