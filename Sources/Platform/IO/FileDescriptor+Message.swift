import CPosix
import Glibc

/// Whole messages on a SOCK_SEQPACKET socket of unix(7), without waiting.
extension FileDescriptor {
    /// Sends one message.
    ///
    /// - Parameter passing: descriptors of ours of which the receiver gets copies, at most 16; they may be closed afterwards.
    /// - Returns: `.bytes` if it is on its way, `.wouldBlock` if there is no room for it.
    package func send(_ message: [UInt8], passing descriptors: [Int32] = []) -> IOResult {
        switch cposix_send_message(raw, message, message.count, descriptors, descriptors.count) {
        case 0: .bytes(message.count)
        case EAGAIN: .wouldBlock
        case let code: .failed(code)
        }
    }

    /// Receives one message into a buffer; what does not fit is cut off. Descriptors that come with it are closed.
    ///
    /// - Returns: `.end` once the other side is gone.
    package func receive(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        while true {
            let count = recv(raw, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { return .bytes(count) }
            // Nobody sends an empty message, so that nothing is the end.
            if count == 0 { return .end }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            // The other process ended with messages of ours unread.
            case ECONNRESET: return .end
            default: return .failed(errno)
            }
        }
    }
}
