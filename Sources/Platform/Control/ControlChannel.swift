import Glibc

/// One end of the socket pair between the supervisor and a child. Sending is safe from any thread, receiving is for one.
package final class ControlChannel: Sendable {
    /// What came.
    package enum Received: Equatable, Sendable {
        case message(ControlMessage)
        case none
        /// The other process has ended, or closed its end.
        case closed
    }

    // Longer messages are cut: a status note or a reason, and the rest of the line is in the log. The longest that must not
    // be names the 1000 reservations of a worker that died, at most 17 bytes each.
    private static let longestMessage = 24 << 10

    private let descriptor: FileDescriptor

    /// Takes over one end of `FileDescriptor.socketPair`. Every call on it is made not to block.
    package init(adopting descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// For the event loop.
    package var raw: Int32 { descriptor.raw }

    /// Sends one message.
    ///
    /// - Returns: false if the other side is gone or does not read; the message is then lost.
    @discardableResult
    package func send(_ message: ControlMessage) -> Bool {
        let bytes = message.encoded.prefix(Self.longestMessage)
        return bytes.withUnsafeBytes { bytes in
            while true {
                let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
                let count = Glibc.send(descriptor.raw, bytes.baseAddress, bytes.count, flags)
                if count >= 0 { return true }
                if errno != EINTR { return false }
            }
        }
    }

    /// Receives the next message that is understood; others are skipped.
    package func receive() -> Received {
        while true {
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.longestMessage) { buffer, filled in
                count = recv(descriptor.raw, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                filled = max(count, 0)
            }
            if count > 0, let message = ControlMessage(decoding: bytes) { return .message(message) }
            // Nobody sends an empty datagram, so that nothing is the end.
            if count == 0 { return .closed }
            if count < 0, errno == EAGAIN { return .none }
            // ECONNRESET: the other process ended with messages of ours unread.
            if count < 0, errno != EINTR { return .closed }
        }
    }
}
