import Testing

@testable import Configuration

@Suite("Where Redis is")
struct RedisURLTests {
    @Test(
        "a server by name or address",
        arguments: [
            ("redis://localhost", "localhost", 6379, 0), ("redis://127.0.0.1:6380", "127.0.0.1", 6380, 0),
            ("redis://h/", "h", 6379, 0), ("redis://h/15", "h", 6379, 15), ("redis://h:1/2/", "h", 1, 2),
            ("redis://[::1]", "::1", 6379, 0), ("redis://[fe80::1]:7000/3", "fe80::1", 7000, 3),
            ("redis://my_redis.internal:6379/0", "my_redis.internal", 6379, 0), ("redis://h?db=4", "h", 6379, 4),
        ])
    func servers(text: String, host: String, port: Int, database: Int) throws {
        let endpoint = RedisEndpoint(transport: .tcp(host: host, port: port), database: database)
        #expect(try RedisURL.parse(text) == .server(endpoint))
    }

    @Test(
        "user and password, percent-encoded where they need it",
        arguments: [
            ("redis://user:pass@h", "user", "pass"), ("redis://:pass@h", nil, "pass"),
            ("redis://u%40x:p%2Fq%3F%25@h", "u@x", "p/q?%"), ("redis://u:a:b@h", "u", "a:b"),
            ("redis://u:a@b@h", "u", "a@b"), ("redis://:@h", nil, nil), ("redis://:%C3%A9@h", nil, "é"),
        ] as [(String, String?, String?)])
    func credentials(text: String, user: String?, password: String?) throws {
        let endpoint = RedisEndpoint(transport: .tcp(host: "h", port: 6379), username: user, password: password)
        #expect(try RedisURL.parse(text) == .server(endpoint))
    }

    @Test("rediss:// is the same with TLS")
    func secure() throws {
        let endpoint = RedisEndpoint(
            transport: .tcp(host: "h", port: 6380), username: "u", password: "p", database: 2, tls: RedisTLS())
        #expect(try RedisURL.parse("rediss://u:p@h:6380/2") == .server(endpoint))
        #expect(endpoint.redacted == "rediss://u:***@h:6380/2")
    }

    @Test("a socket, with user, password and database")
    func sockets() throws {
        let plain = RedisEndpoint(transport: .unix(path: "/run/redis.sock"))
        #expect(try RedisURL.parse("unix:///run/redis.sock") == .server(plain))
        let full = RedisEndpoint(transport: .unix(path: "/run/a b.sock"), username: "u", password: "p", database: 2)
        #expect(try RedisURL.parse("unix://u:p@/run/a%20b.sock?db=2") == .server(full))
        #expect(try RedisURL.parse("embedded") == .embedded)
    }

    @Test(
        "what cannot be used is refused with advice",
        arguments: [
            ("", "not an empty text"), ("localhost", "did you mean redis://localhost?"),
            ("127.0.0.1:6379", "did you mean redis://127.0.0.1:6379?"),
            ("/run/r.sock", "did you mean unix:///run/r.sock?"),
            ("unix:/run/r.sock", "did you mean unix:///run/r.sock?"), ("unix://run/r.sock", "three slashes"),
            ("unix://", "three slashes"), ("unix:///", "three slashes"), ("embeded", "did you mean `embedded`?"),
            ("redis+sentinel://h", "sentinels: [HOST:PORT]"), ("rediss://", "names no host"),
            ("http://h", "unknown scheme `http`"),
            ("redis://", "names no host"), ("redis:///0", "names no host"), ("redis://:6379", "names no host"),
            ("redis://h:0", "port from 1 to 65535"), ("redis://h:port", "not `port`"), ("redis://::1", "in brackets"),
            ("redis://[::g]", "no IPv6 address"), ("redis://[::1]6379", "after the `]`"),
            ("redis://h h", "no host name"), ("redis://h/x", "database number"), ("redis://h/-1", "database number"),
            ("redis://h/1?db=2", "two databases"), ("redis://h?database=2", "unknown parameter `database`"),
            ("redis://h?db=", "?db=2"), ("redis://user@h", "without a password"), ("redis://:a%zz@h", "%25"),
            ("redis://:a%FF@h", "UTF-8"), ("redis://:a/b@h", "percent-encode"), ("redis://:a#b@h", "%23"),
            ("unix:///" + String(repeating: "x", count: 107), "107 bytes"),
        ])
    func refused(text: String, advice: String) {
        do {
            let accepted = try RedisURL.parse(text)
            Issue.record("\(text) was accepted as \(accepted)")
        } catch {
            #expect(error.text.contains(advice), "\(error.text)")
        }
    }

    @Test(
        "a URL is shown without its password",
        arguments: [
            ("redis://u:secret@[::1]:6380/3", "redis://u:***@[::1]:6380/3"), ("redis://h", "redis://h:6379/0"),
            ("unix://:secret@/run/r.sock?db=2", "unix://:***@/run/r.sock?db=2"), ("unix:///r.sock", "unix:///r.sock"),
        ])
    func redacted(text: String, shown: String) throws {
        guard case .server(let endpoint) = try RedisURL.parse(text) else {
            Issue.record("no server")
            return
        }
        #expect(endpoint.redacted == shown)
    }
}
