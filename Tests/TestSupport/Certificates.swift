import Platform

/// Certificates of a test's own authority, made by openssl(1): `server` for localhost and 127.0.0.1, `elsewhere` for
/// another name, `expired`, `client`, and `stranger`, an authority that issued none of them.
package final class Certificates: Sendable {
    /// Made once for the whole test process.
    package static let shared = Certificates()

    private let directory = TemporaryDirectory()

    private init() {
        do {
            let script = try ProcessSpec(
                executable: "/bin/sh", arguments: ["sh", "-c", Self.script], environment: ["PATH=/usr/bin:/bin"],
                directory: directory.path
            ).spawn()
            guard script.wait(until: .now().advanced(bySeconds: 30))?.status == .exited(0) else {
                preconditionFailure("openssl made no certificates in \(directory.path)")
            }
        } catch {
            preconditionFailure("cannot run openssl: \(error)")
        }
    }

    package func certificate(_ name: String) -> String { "\(directory.path)/\(name).pem" }
    package func key(_ name: String) -> String { "\(directory.path)/\(name).key" }

    /// redis-server's options for TLS on a port, with the certificate of this name; clients need none.
    package func options(port: Int, certificate name: String = "server") -> [String] {
        [
            "--tls-port", String(port), "--tls-cert-file", certificate(name), "--tls-key-file", key(name),
            "--tls-ca-cert-file", certificate("authority"), "--tls-auth-clients", "no",
        ]
    }

    private static let script = """
        set -e
        new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        authority() { openssl req -x509 $new -keyout $1.key -out $1.pem -days 30 -subj "/CN=The $1"; }
        issue() {
            openssl req $new -keyout $1.key -out $1.csr -subj "/CN=$1"
            printf 'subjectAltName=%s\\n' "$3" >$1.ext
            openssl x509 -req -in $1.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days $2 \\
                -extfile $1.ext -out $1.pem
        }
        authority authority
        authority stranger
        issue server 30 DNS:localhost,IP:127.0.0.1
        issue expired -1 DNS:localhost,IP:127.0.0.1
        issue elsewhere 30 DNS:redis.example.com,IP:10.1.2.3
        issue client 30 DNS:client
        """
}
