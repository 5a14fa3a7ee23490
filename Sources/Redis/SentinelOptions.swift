/// The sentinels that know where a server is, and what they call it.
package struct SentinelOptions: Hashable, Sendable {
    package struct Address: Hashable, Sendable {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        var text: String { RedisEndpoint.place(host, port) }
    }

    /// At least one. Reached with TLS if the server is.
    package var addresses: [Address]
    /// The name of the master in sentinel.conf.
    package var master: String
    /// Who we are to the sentinels; the server's own user is another.
    package var username: String?
    package var password: String?

    package init(addresses: [Address], master: String, username: String? = nil, password: String? = nil) {
        self.addresses = addresses
        self.master = master
        self.username = username
        self.password = password
    }

    /// For people: "sentinels a:26379, b:26379".
    var list: String {
        (addresses.count == 1 ? "sentinel " : "sentinels ") + addresses.map(\.text).joined(separator: ", ")
    }
}
