import Platform
import Redis
import TestSupport
import Testing

@Suite("Sentinels")
struct SentinelTests {
    /// The port a connection went to.
    private func port(_ endpoint: RedisEndpoint) throws -> Int? {
        guard case .tcp(_, let port)? = try RedisConnection.open(endpoint, name: "test").peer?.transport else {
            return nil
        }
        return port
    }

    @Test("the master is found through any sentinel that lives, and a dead one is asked once")
    func found() throws {
        let redis = try MonitoredRedis(sentinels: 1)
        defer { redis.stop() }
        var endpoint = redis.endpoint
        let dead = SentinelOptions.Address(host: "127.0.0.1", port: try freePort())
        endpoint.sentinels?.addresses.insert(dead, at: 0)
        #expect(try port(endpoint) == redis.firstPort)
        #expect(try port(endpoint) == redis.firstPort)
        let connection = try RedisConnection.open(endpoint, name: "test")
        #expect(connection.server == "redis://127.0.0.1:\(redis.firstPort)/0")
        #expect(
            endpoint.redacted == "redis://mymaster/0 (of sentinels \(dead.host):\(dead.port), 127.0.0.1:"
                + "\(redis.sentinelPorts[0]))")
    }

    @Test("a sentinel that is silent costs half a second, not the failover")
    func silent() throws {
        let redis = try MonitoredRedis(sentinels: 1)
        defer { redis.stop() }
        let silent = try SilentServer()
        var endpoint = redis.endpoint
        endpoint.sentinels?.addresses.insert(.init(host: "127.0.0.1", port: silent.port), at: 0)
        let start = MonotonicTime.now()
        #expect(try port(endpoint) == redis.firstPort)
        #expect(MonotonicTime.now().seconds(since: start) > 0.4)
        // Whoever answered is asked first from then on.
        let again = MonotonicTime.now()
        #expect(try port(endpoint) == redis.firstPort)
        #expect(MonotonicTime.now().seconds(since: again) < 0.4)
    }

    @Test("when no sentinel helps, it is said what each of them came to")
    func nobody() throws {
        let redis = try MonitoredRedis(sentinels: 1)
        defer { redis.stop() }
        let dead = try freePort()
        let endpoint = RedisEndpoint(
            .tcp(host: "", port: 0),
            sentinels: SentinelOptions(
                addresses: [
                    .init(host: "127.0.0.1", port: dead), .init(host: "127.0.0.1", port: redis.sentinelPorts[0]),
                ],
                master: "other"))
        let error = #expect(throws: RedisError.self) { try RedisConnection.open(endpoint, name: "test") }
        #expect(
            error
                == .lost(
                    "cannot find other: sentinel 127.0.0.1:\(dead): Connection refused; "
                        + "sentinel 127.0.0.1:\(redis.sentinelPorts[0]): knows no master named other"))
    }

    @Test("an old master that still takes writes is left, since the sentinels name another")
    func failover() throws {
        let redis = try MonitoredRedis(sentinels: 1)
        defer { redis.stop() }
        let connection = try RedisConnection.open(redis.endpoint, name: "test")
        let peer = try #require(connection.peer)
        #expect(RedisConnection.objection(to: peer, of: redis.endpoint) == nil)
        redis.failOver()
        eventually(within: 20, "the sentinel names the other") {
            RedisConnection.objection(to: peer, of: redis.endpoint)?.code == "READONLY"
        }
        // It does not know yet: that is why it has to be asked for.
        #expect(try connection.call(RedisCommand(["SET", "k", "v"])).text == "OK")
        #expect(try port(redis.endpoint) == redis.secondPort)
    }

    @Test("a master that was killed is followed to its successor within seconds")
    func killed() throws {
        let redis = try MonitoredRedis()
        defer { redis.stop() }
        redis.first.stop()
        redis.stopSentinel(0)
        let start = MonotonicTime.now()
        eventually(within: 30, "the successor is found") { (try? port(redis.endpoint)) == redis.secondPort }
        #expect(MonotonicTime.now().seconds(since: start) < 15)
    }
}
