/// Where a Redis server is and as whom to speak to it.
package struct RedisEndpoint: Hashable, Sendable {
    package enum Transport: Hashable, Sendable {
        case tcp(host: String, port: Int)
        /// A unix socket; the path has at most 107 bytes (unix(7)).
        case unix(path: String)
    }

    /// Stands for nothing while there are `sentinels`: they say where the server is.
    package var transport: Transport
    package var username: String?
    package var password: String?
    /// The number SELECT gets, 0 and up.
    package var database: Int
    /// Nil: plain. Over a unix socket there is no TLS.
    package var tls: TLSOptions?
    /// Given: they are asked for the address at every connect.
    package var sentinels: SentinelOptions?
    /// Seconds until a connection must stand, TLS included.
    package var connectTimeout: Double
    /// Seconds an answer may take.
    package var timeout: Double

    package init(
        _ transport: Transport, username: String? = nil, password: String? = nil, database: Int = 0,
        tls: TLSOptions? = nil, sentinels: SentinelOptions? = nil, connectTimeout: Double = 3, timeout: Double = 3
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

    /// The address as a person may read it in a log: never the password.
    package var redacted: String {
        let user = username.map { "\($0)@" } ?? ""
        let scheme = tls == nil ? "redis" : "rediss"
        if let sentinels { return "\(scheme)://\(user)\(sentinels.master)/\(database) (of \(sentinels.list))" }
        switch transport {
        case .tcp(let host, let port):
            return "\(scheme)://\(user)\(Self.place(host, port))/\(database)"
        case .unix(let path):
            return "unix://\(user)\(path)" + (database == 0 ? "" : "?db=\(database)")
        }
    }

    /// "host:port", the host in brackets if it is an IPv6 address.
    static func place(_ host: String, _ port: Int) -> String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
