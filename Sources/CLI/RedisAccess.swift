import ArgumentParser
import Configuration
import Redis

/// The way from settings to a connection, for commands that ask once and end.
enum RedisAccess {
    /// Where Redis is.
    static func endpoint(_ settings: Settings) throws(EmbeddedRedisError) -> Redis.RedisEndpoint {
        switch settings.redis {
        case .embedded: return try EmbeddedRedis(ConfigurationOptions.environment()).endpoint
        case .server(let server):
            let transport: Redis.RedisEndpoint.Transport =
                switch server.transport {
                case .tcp(let host, let port): .tcp(host: host, port: port)
                case .unix(let path): .unix(path: path)
                }
            return .init(
                transport, username: server.username, password: server.password, database: server.database,
                tls: server.tls.map(options), sentinels: server.sentinels.map(options),
                connectTimeout: server.connectTimeout, timeout: server.timeout)
        }
    }

    private static func options(_ tls: RedisTLS) -> TLSOptions {
        TLSOptions(
            authorities: tls.authorities, certificate: tls.certificate, key: tls.key, serverName: tls.serverName)
    }

    private static func options(_ sentinels: RedisSentinels) -> SentinelOptions {
        SentinelOptions(
            addresses: sentinels.addresses.map { .init(host: $0.host, port: $0.port) }, master: sentinels.master,
            username: sentinels.username, password: sentinels.password)
    }

    /// Connects and does something with it; what goes wrong on the way is printed, and ends the command.
    static func with<Result>(
        _ settings: Settings, _ body: (RedisConnection) throws -> Result
    ) throws -> Result {
        do {
            let connection = try RedisConnection.open(
                endpoint(settings), name: "martlet-cli")
            defer { connection.close() }
            return try body(connection)
        } catch let error as RedisError {
            Output.error("martlet: \(error)")
            throw Exit.unavailable
        } catch let error as EmbeddedRedisError {
            Output.error("martlet: \(error)")
            throw Exit.configuration
        }
    }
}
