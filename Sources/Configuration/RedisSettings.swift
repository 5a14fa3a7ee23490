/// Which Redis holds the jobs.
package enum RedisSettings: Codable, Equatable, Sendable {
    case server(RedisEndpoint)
    /// A private server that the supervisor runs.
    case embedded
}

/// How to reach a Redis server and what to say first.
package struct RedisEndpoint: Codable, Equatable, Sendable {
    package enum Transport: Codable, Equatable, Sendable {
        /// A host name or an address without brackets; port 1 to 65535.
        case tcp(host: String, port: Int)
        /// Absolute path of a socket, at most 107 bytes (unix(7)).
        case unix(path: String)
    }

    package var transport: Transport
    /// Nil for Redis's default user.
    package var username: String?
    package var password: String?
    /// From 0.
    package var database: Int

    package init(
        transport: Transport = .tcp(host: "127.0.0.1", port: 6379), username: String? = nil, password: String? = nil,
        database: Int = 0
    ) {
        self.transport = transport
        self.username = username
        self.password = password
        self.database = database
    }

    /// The URL for logs and messages: `***` stands for the password.
    package var redacted: String {
        let user = password == nil ? "" : "\(username ?? ""):***@"
        switch transport {
        case .tcp(let host, let port):
            return "redis://\(user)\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
        case .unix(let path):
            return "unix://\(user)\(path)" + (database == 0 ? "" : "?db=\(database)")
        }
    }
}
