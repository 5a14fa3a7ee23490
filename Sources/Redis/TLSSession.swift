internal import COpenSSL
internal import Glibc
internal import Platform

/// TLS on a connected, non-blocking socket: one session, from the handshake on. For one thread at a time.
///
/// Reading takes all that the socket has, so that epoll(7), which sees the socket only, does not sleep on bytes that lie
/// decrypted here; `holdsMore` says when the buffer was too small for that.
final class TLSSession {
    /// Why the session failed, in words; nil while it has not, and where errno says it.
    private(set) var failure: String?
    /// A read cannot go on before the socket takes bytes (an answer of the protocol itself).
    private(set) var readWaitsForRoom = false
    /// A write cannot go on before the socket has bytes.
    private(set) var writeWaitsForBytes = false

    /// The server asked for a certificate of ours, and there is none.
    private(set) var lacksCertificate = false

    private let ssl: OpaquePointer
    private let name: String
    private let authorities: String?

    /// - Parameters:
    ///   - descriptor: stays the caller's and must outlive the session.
    ///   - host: the host that was connected to: a name or an address.
    /// - Throws: `RedisError.lost` if a file of the options is of no use.
    init(_ descriptor: Int32, host: String, _ options: TLSOptions) throws(RedisError) {
        let context = try TLSContext(options)
        guard let ssl = SSL_new(context.raw), let bio = SocketBIO.make(descriptor) else {
            throw .lost(TLSFailure.latest("TLS cannot be set up"))
        }
        self.ssl = ssl
        name = options.serverName ?? host
        authorities = options.authorities
        SSL_set_bio(ssl, bio, bio)
        SSL_set_connect_state(ssl)
        verifyPeer()
    }

    deinit { SSL_free(ssl) }

    /// Has the handshake fail unless the certificate is for our name and of an authority we trust.
    private func verifyPeer() {
        let parameters = SSL_get0_param(ssl)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) != 1 {
            ERR_clear_error()  // It is a name, then.
            X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            X509_VERIFY_PARAM_set1_host(parameters, name, 0)
            _ = name.withCString { text in
                SSL_ctrl(
                    ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                    UnsafeMutableRawPointer(mutating: text)
                )
            }
        }
        // Unretained: the callback runs within the handshake only, and so within a method of this object.
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_verify(ssl, SSL_VERIFY_PEER) { isAccepted, store in
            guard isAccepted == 0, let store else { return isAccepted }
            let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
            TLSSession.of(ssl.map(OpaquePointer.init))?.refuse(store)
            return 0
        }
        // Asked only if the context holds none.
        SSL_CTX_set_client_cert_cb(SSL_get_SSL_CTX(ssl)) { ssl, _, _ in
            TLSSession.of(ssl)?.lacksCertificate = true
            return 0
        }
    }

    private static func of(_ ssl: OpaquePointer?) -> TLSSession? {
        SSL_get_ex_data(ssl, 0).map { Unmanaged<TLSSession>.fromOpaque($0).takeUnretainedValue() }
    }

    private func refuse(_ store: OpaquePointer) {
        guard let certificate = X509_STORE_CTX_get_current_cert(store) else { return }
        failure = TLSCertificate(borrowing: certificate).refusal(
            X509_STORE_CTX_get_error(store), wanted: name, authorities: authorities)
    }

    // MARK: Steps

    /// One step of the handshake, or of an answer the protocol owes.
    ///
    /// - Returns: `.bytes(0)` once it stands; `.wouldBlock` until then.
    func shakeHands() -> IOResult {
        outcome(of: { SSL_do_handshake(ssl) }, waits: &readWaitsForRoom, if: SSL_ERROR_WANT_WRITE) ?? .bytes(0)
    }

    /// Takes what has come until the buffer is full or nothing is left.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> IOResult {
        var total = 0
        while total < buffer.count {
            var count = 0
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[total...])
            let result = outcome(
                of: { SSL_read_ex(ssl, rest.baseAddress, rest.count, &count) }, waits: &readWaitsForRoom,
                if: SSL_ERROR_WANT_WRITE)
            // What ends the session is told by the next read: what came before is whole.
            if let result { return total > 0 ? .bytes(total) : result }
            total += count
        }
        return .bytes(total)
    }

    /// Whether bytes lie here that the socket does not show.
    var holdsMore: Bool { SSL_has_pending(ssl) == 1 }

    /// Writes a record, at most 16 KiB. After `.wouldBlock` the same bytes must come again, maybe with others behind.
    func write(_ bytes: UnsafeRawBufferPointer) -> IOResult {
        var count = 0
        let result = outcome(
            of: { SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count) }, waits: &writeWaitsForBytes,
            if: SSL_ERROR_WANT_READ)
        return result ?? .bytes(count)
    }

    /// - Returns: nil if the call did its work.
    private func outcome(
        of call: () -> Int32, waits: inout Bool, if crossing: Int32
    ) -> IOResult? {
        // SSL_get_error(3) looks at the thread's errors: those of other calls must not be among them.
        ERR_clear_error()
        errno = 0
        let result = call()
        let code = errno
        let meaning = SSL_get_error(ssl, result)
        waits = meaning == crossing
        switch meaning {
        case SSL_ERROR_NONE: return nil
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .end
        case SSL_ERROR_SYSCALL where code != 0: return .failed(code)
        case SSL_ERROR_SYSCALL: return .end
        default:
            failure = failure ?? TLSFailure.latest()
            return .failed(EPROTO)
        }
    }
}
