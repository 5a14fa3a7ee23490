internal import COpenSSL

/// What OpenSSL's error codes mean to an operator.
enum TLSFailure {
    /// The oldest error of this thread, in words, after what was being done; the thread's errors are then forgotten.
    static func latest(_ subject: String) -> String {
        let text = latest() ?? "for a reason OpenSSL does not give"
        return "\(subject): \(text)"
    }

    /// The oldest error of this thread, in words; nil if there is none.
    static func latest() -> String? {
        let code = ERR_peek_error()
        defer { ERR_clear_error() }
        guard code != 0 else { return nil }
        if code >> 23 & 0xFF == UInt(ERR_LIB_SSL), let words = meanings[Int32(truncatingIfNeeded: code & 0x7F_FFFF)] {
            return words
        }
        // A file that cannot be opened leaves errno's words here.
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "OpenSSL's error \(code)"
    }

    /// By the reasons of openssl/sslerr.h: what the protocol's own words do not tell.
    private static let meanings: [Int32: String] = [
        SSL_R_WRONG_VERSION_NUMBER: plain, SSL_R_PACKET_LENGTH_TOO_LONG: plain,
        SSL_R_UNSUPPORTED_PROTOCOL: tooOld, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: tooOld,
        SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: noCertificate,
        SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
            "it refuses the handshake; it may want a certificate of ours (`certificate` and `key`), or other ciphers",
        SSL_R_TLSV1_ALERT_UNKNOWN_CA: "it does not trust the authority of our certificate",
        SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: "it says that our certificate has expired",
        SSL_R_SSLV3_ALERT_BAD_CERTIFICATE: "it does not accept our certificate",
        SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "it does not accept our certificate",
    ]

    /// The other end answered something else than TLS.
    static let plain = "it does not speak TLS; use redis:// if it is a plain Redis"
    static let noCertificate = "it wants a certificate of ours; set `certificate` and `key`"
    private static let tooOld = "it offers no TLS 1.2 or later"
}
