internal import COpenSSL
internal import Glibc
internal import Platform

/// What is the same for every session with one server: whom to trust, who we are, and which versions will do.
final class TLSContext {
    let raw: OpaquePointer

    /// Reads the files.
    ///
    /// - Throws: `RedisError.lost` with the file and what is wrong with it.
    init(_ options: TLSOptions) throws(RedisError) {
        ERR_clear_error()
        guard let raw = SSL_CTX_new(TLS_client_method()) else { throw .lost(TLSFailure.latest("TLS cannot be set up")) }
        self.raw = raw
        SSL_CTX_ctrl(raw, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        SSL_CTX_set_options(raw, COPENSSL_OPTIONS)
        // Commands not sent yet may move in memory while they wait for the socket, and be followed by others.
        let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        SSL_CTX_ctrl(raw, SSL_CTRL_MODE, Int(modes), nil)
        // One read(2) for several records, instead of two for each.
        SSL_CTX_ctrl(raw, SSL_CTRL_SET_READ_AHEAD, 1, nil)
        SSL_CTX_set_default_read_buffer_len(raw, 64 * 1024)
        // Whoever has a terminal would be asked for the passphrase of a key, and a daemon would wait for ever.
        SSL_CTX_set_default_passwd_cb(raw) { _, _, _, _ in -1 }
        try trust(options)
        if let certificate = options.certificate { try present(certificate, key: options.key ?? certificate) }
    }

    deinit { SSL_CTX_free(raw) }

    private func trust(_ options: TLSOptions) throws(RedisError) {
        guard let path = options.authorities else {
            SSL_CTX_set_default_verify_paths(raw)
            return
        }
        var facts = stat()
        guard stat(path, &facts) == 0 else { throw .lost("the authorities \(path): \(SystemError.text(of: errno))") }
        let isDirectory = facts.st_mode & S_IFMT == S_IFDIR
        let isRead = isDirectory ? SSL_CTX_load_verify_dir(raw, path) : SSL_CTX_load_verify_file(raw, path)
        guard isRead == 1 else { throw .lost(TLSFailure.latest("the authorities \(path)")) }
    }

    private func present(_ certificate: String, key: String) throws(RedisError) {
        guard SSL_CTX_use_certificate_chain_file(raw, certificate) == 1 else {
            throw .lost(TLSFailure.latest("our certificate \(certificate)"))
        }
        guard SSL_CTX_use_PrivateKey_file(raw, key, SSL_FILETYPE_PEM) == 1 else {
            throw .lost(TLSFailure.latest("the key \(key)"))
        }
    }
}
