/// How a server is recognised over TLS, and how it recognises us. Files are read anew at each connect, so that renewed
/// certificates count from then on.
package struct TLSOptions: Hashable, Sendable {
    /// A file of certificates (PEM), or a directory of them made by openssl-rehash(1): the authorities to trust, and no
    /// others. Nil: those of the system.
    package var authorities: String?
    /// Our own certificate with its chain (PEM), for a server that asks for one.
    package var certificate: String?
    /// The certificate's key (PEM, without a passphrase). Nil: it stands in the certificate's file.
    package var key: String?
    /// The name the server's certificate must hold. Nil: the host that is connected to.
    package var serverName: String?

    package init(
        authorities: String? = nil, certificate: String? = nil, key: String? = nil, serverName: String? = nil
    ) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.serverName = serverName
    }
}
