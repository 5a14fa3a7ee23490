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

    /// Stands for nothing while there are `sentinels`: they say where the server is.
    package var transport: Transport
    /// Nil for Redis's default user.
    package var username: String?
    package var password: String?
    /// From 0.
    package var database: Int
    /// Nil: plain.
    package var tls: RedisTLS?
    package var sentinels: RedisSentinels?
    /// Seconds until a connection must stand.
    package var connectTimeout: Double
    /// Seconds an answer may take.
    package var timeout: Double

    package init(
        transport: Transport = .tcp(host: "127.0.0.1", port: 6379), username: String? = nil, password: String? = nil,
        database: Int = 0, tls: RedisTLS? = nil, sentinels: RedisSentinels? = nil, connectTimeout: Double = 3,
        timeout: Double = 3
    ) {
        self.transport = transport
        self.username = username
        self.password = password
        self.database = database
        self.tls = tls
        self.sentinels = sentinels
        self.connectTimeout = connectTimeout
        self.timeout = timeout
    }

    /// The URL for logs and messages: `***` stands for the password.
    package var redacted: String {
        let user = password == nil ? "" : "\(username ?? ""):***@"
        let scheme = tls == nil ? "redis" : "rediss"
        if let sentinels { return "\(scheme)://\(user)\(sentinels.master)/\(database) of \(sentinels.list)" }
        switch transport {
        case .tcp(let host, let port):
            return "\(scheme)://\(user)\(RedisSentinels.Address(host: host, port: port).text)/\(database)"
        case .unix(let path):
            return "unix://\(user)\(path)" + (database == 0 ? "" : "?db=\(database)")
        }
    }
}

/// How the server is recognised over TLS, and how it recognises us. All paths are absolute.
package struct RedisTLS: Codable, Equatable, Sendable {
    /// PEM file or directory of the authorities to trust; nil for the system's.
    package var authorities: String?
    /// PEM file of our own certificate.
    package var certificate: String?
    /// PEM file of its key; nil if it stands in the certificate's.
    package var key: String?
    /// The name that is looked for in the server's certificate; nil for the host that is connected to.
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

/// The sentinels that know which server is the master.
package struct RedisSentinels: Codable, Equatable, Sendable {
    package struct Address: Codable, Equatable, Sendable {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// "host:port", with brackets around an IPv6 address.
        var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// At least one.
    package var addresses: [Address]
    /// What the sentinels call the master.
    package var master: String
    package var username: String?
    package var password: String?

    package init(addresses: [Address], master: String, username: String? = nil, password: String? = nil) {
        self.addresses = addresses
        self.master = master
        self.username = username
        self.password = password
    }

    fileprivate var list: String { "sentinels " + addresses.map(\.text).joined(separator: ", ") }
}

extension RedisSettings {
    /// A URL from the environment or a flag in place of what the file says: how long to wait and which certificates to
    /// use is still the file's business, where the server is and what it is called is not.
    func replacing(_ file: RedisSettings) -> RedisSettings {
        guard case .server(var endpoint) = self, case .server(let old) = file else { return self }
        endpoint.connectTimeout = old.connectTimeout
        endpoint.timeout = old.timeout
        if endpoint.tls != nil, var tls = old.tls {
            tls.serverName = nil
            endpoint.tls = tls
        }
        return .server(endpoint)
    }
}
