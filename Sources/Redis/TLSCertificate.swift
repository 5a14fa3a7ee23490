internal import COpenSSL
internal import Glibc

/// A certificate of the server that was refused, and why.
struct TLSCertificate {
    private let raw: OpaquePointer

    /// - Parameter raw: lives as long as the handshake's callback.
    init(borrowing raw: OpaquePointer) { self.raw = raw }

    /// Why it was refused, in words.
    ///
    /// - Parameters:
    ///   - code: X509_V_ERR_…, see X509_STORE_CTX_get_error(3).
    ///   - name: the name that was wanted.
    ///   - authorities: what was trusted; nil for the system's.
    func refusal(_ code: Int32, wanted name: String, authorities: String?) -> String {
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return "its certificate (\(subject)) expired on \(day(X509_get0_notAfter(raw)))"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "its certificate (\(subject)) is not valid before \(day(X509_get0_notBefore(raw)))"
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let held = names.isEmpty ? "no name at all" : names.joined(separator: ", ")
            return "its certificate is for \(held), not for \(name); if that is right, set `server_name`"
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED:
            let trusted = authorities.map { "in \($0)" } ?? "among the system's; name its file with `ca`"
            return "its certificate is issued by an unknown authority (\(issuer)), which is not \(trusted)"
        default:
            let words = X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)"
            return "its certificate (\(subject)) is refused: \(words)"
        }
    }

    private var subject: String { text(of: X509_get_subject_name(raw)) }
    private var issuer: String { text(of: X509_get_issuer_name(raw)) }

    private func text(of name: OpaquePointer?) -> String {
        guard let text = X509_NAME_oneline(name, nil, 0) else { return "" }
        defer { CRYPTO_free(text, nil, 0) }
        return String(cString: text)
    }

    /// The names it is for: its alternative names, and the common name if it has none of them (RFC 6125).
    private var names: [String] {
        guard let list = X509_get_ext_d2i(raw, NID_subject_alt_name, nil, nil).map(OpaquePointer.init) else {
            return commonName.map { [$0] } ?? []
        }
        defer { GENERAL_NAMES_free(list) }
        return (0..<OPENSSL_sk_num(list)).compactMap { index in
            guard let entry = OPENSSL_sk_value(list, index)?.assumingMemoryBound(to: GENERAL_NAME.self) else {
                return nil
            }
            guard let value = entry.pointee.d.ia5 else { return nil }
            let bytes = UnsafeRawBufferPointer(
                start: ASN1_STRING_get0_data(value), count: Int(ASN1_STRING_length(value)))
            switch entry.pointee.type {
            case GEN_DNS: return String(decoding: bytes, as: UTF8.self)
            case GEN_IPADD: return Self.address(bytes)
            default: return nil
            }
        }
    }

    private var commonName: String? {
        var buffer = [CChar](repeating: 0, count: 256)
        let length = X509_NAME_get_text_by_NID(X509_get_subject_name(raw), NID_commonName, &buffer, Int32(buffer.count))
        guard length > 0 else { return nil }
        return String(decoding: buffer.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func address(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard
            let start = inet_ntop(
                bytes.count == 4 ? AF_INET : AF_INET6, bytes.baseAddress, &text, socklen_t(text.count))
        else { return nil }
        return String(cString: start)
    }

    /// "2026-01-03", of UTC.
    private func day(_ time: UnsafePointer<ASN1_TIME>?) -> String {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return "an unreadable date" }
        func twoDigits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(twoDigits(parts.tm_mon + 1))-\(twoDigits(parts.tm_mday))"
    }
}
