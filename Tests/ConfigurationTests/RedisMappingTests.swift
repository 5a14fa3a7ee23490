import Testing

@testable import Configuration

@Suite("Redis as a mapping")
struct RedisMappingTests {
    private func endpoint(
        _ mapping: String, environment: [String: String] = [:]
    ) throws -> RedisEndpoint? {
        let settings = try Fixture.settings("redis: {\(mapping)}\nhandlers:\n", environment: environment)
        if case .server(let endpoint) = settings.redis { return endpoint } else { return nil }
    }

    @Test("certificates lie where the file says, counted from its directory")
    func certificates() throws {
        let found = try endpoint(
            "url: 'rediss://u:p@h:1/2', ca: ca.pem, certificate: /c.pem, key: k/k.pem, server_name: n, timeout: 2s, "
                + "connect_timeout: 500ms")
        let expected = RedisEndpoint(
            transport: .tcp(host: "h", port: 1), username: "u", password: "p", database: 2,
            tls: RedisTLS(
                authorities: "/etc/martlet/ca.pem", certificate: "/c.pem", key: "/etc/martlet/k/k.pem", serverName: "n"),
            connectTimeout: 0.5, timeout: 2)
        #expect(found == expected)
    }

    @Test("sentinels say where the master is, the URL says as whom to speak to it")
    func sentinels() throws {
        let found = try endpoint(
            "url: 'redis://u:p@/3', sentinels: [a, 'b:1', '[::1]:2'], master: m, sentinel_username: v, sentinel_password: q"
        )
        let sentinels = RedisSentinels(
            addresses: [.init(host: "a", port: 26_379), .init(host: "b", port: 1), .init(host: "::1", port: 2)],
            master: "m", username: "v", password: "q")
        #expect(
            found
                == RedisEndpoint(
                    transport: .tcp(host: "", port: 6379), username: "u", password: "p", database: 3,
                    sentinels: sentinels))
        #expect(found?.redacted == "redis://u:***@m/3 of sentinels a:26379, b:1, [::1]:2")
    }

    @Test("the master's name may stand in the URL, and the URL may be left out")
    func masterInURL() throws {
        #expect(try endpoint("url: 'redis://m/3', sentinels: [a]")?.sentinels?.master == "m")
        #expect(try endpoint("url: 'redis://m', sentinels: [a], master: m")?.sentinels?.master == "m")
        #expect(try endpoint("sentinels: [a], master: m")?.sentinels?.master == "m")
        #expect(try endpoint("timeout: 1s") == RedisEndpoint(timeout: 1))
    }

    @Test("a URL from the environment says where, the file says how: certificates and time limits stay")
    func override() throws {
        let mapping = "url: 'rediss://h', ca: /ca.pem, server_name: n, timeout: 1s"
        let secure = try endpoint(mapping, environment: ["MARTLET_REDIS": "rediss://:p@other"])
        #expect(
            secure
                == RedisEndpoint(
                    transport: .tcp(host: "other", port: 6379), password: "p", tls: RedisTLS(authorities: "/ca.pem"),
                    timeout: 1))
        let plain = try endpoint(mapping, environment: ["MARTLET_REDIS": "redis://other"])
        #expect(plain == RedisEndpoint(transport: .tcp(host: "other", port: 6379), timeout: 1))
        let single = try endpoint("sentinels: [a], master: m", environment: ["MARTLET_REDIS": "redis://other"])
        #expect(single == RedisEndpoint(transport: .tcp(host: "other", port: 6379)))
    }
}
