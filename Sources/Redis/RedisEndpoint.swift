/// Where a Redis server is and as whom to speak to it.
package struct RedisEndpoint: Hashable, Sendable {
    package enum Transport: Hashable, Sendable {
        case tcp(host: String, port: Int)
        /// A unix socket; the path has at most 107 bytes (unix(7)).
        case unix(path: String)
    }

    package var transport: Transport
    package var username: String?
    package var password: String?
    /// The number SELECT gets, 0 and up.
    package var database: Int

    package init(_ transport: Transport, username: String? = nil, password: String? = nil, database: Int = 0) {
        self.transport = transport
        self.username = username
        self.password = password
        self.database = database
    }

    /// The address as a person may read it in a log: never the password.
    package var redacted: String {
        let user = username.map { "\($0)@" } ?? ""
        switch transport {
        case .tcp(let host, let port):
            let place = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
            return "redis://\(user)\(place):\(port)/\(database)"
        case .unix(let path):
            return "unix://\(user)\(path)" + (database == 0 ? "" : "?db=\(database)")
        }
    }
}
