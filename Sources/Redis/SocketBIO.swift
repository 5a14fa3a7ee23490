internal import COpenSSL
internal import Glibc

/// OpenSSL's way to our socket. Its own (BIO_s_socket) writes with write(2), and a server that went away would end this
/// process by SIGPIPE.
enum SocketBIO {
    /// - Parameter descriptor: a non-blocking socket; stays the caller's and must outlive the BIO.
    /// - Returns: nil without memory.
    static func make(_ descriptor: Int32) -> OpaquePointer? {
        guard let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, UnsafeMutableRawPointer(bitPattern: Int(descriptor)))
        BIO_set_init(bio, 1)
        return bio
    }

    // Made once and never changed, as OpenSSL wants its methods.
    private nonisolated(unsafe) static let method: OpaquePointer = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE") else {
            preconditionFailure("memory for a BIO_METHOD")
        }
        BIO_meth_set_write(method) { bio, bytes, count in
            SocketBIO.transfer(bio, retry: BIO_FLAGS_WRITE) {
                send($0, bytes, Int(count), Int32(MSG_NOSIGNAL))
            }
        }
        BIO_meth_set_read(method) { bio, bytes, count in
            SocketBIO.transfer(bio, retry: BIO_FLAGS_READ) { recv($0, bytes, Int(count), 0) }
        }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in
            switch command {
            case BIO_CTRL_FLUSH: 1  // Nothing is kept back.
            case BIO_CTRL_EOF: Int(BIO_test_flags(bio, BIO_FLAGS_IN_EOF))
            default: 0
            }
        }
        return method
    }()

    private static func transfer(_ bio: OpaquePointer?, retry: Int32, _ call: (Int32) -> Int) -> Int32 {
        BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
        let descriptor = Int32(truncatingIfNeeded: Int(bitPattern: BIO_get_data(bio)))
        while true {
            let count = call(descriptor)
            if count == 0, retry == BIO_FLAGS_READ { BIO_set_flags(bio, BIO_FLAGS_IN_EOF) }
            if count >= 0 { return Int32(count) }
            if errno == EINTR { continue }
            if errno == EAGAIN { BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY) }
            return -1
        }
    }
}
