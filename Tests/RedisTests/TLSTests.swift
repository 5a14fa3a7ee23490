import Glibc
import Platform
import Redis
import TestSupport
import Testing

@Suite("TLS to Redis")
struct TLSTests {
    private let files = Certificates.shared

    private func endpoint(_ port: Int, host: String = "localhost", name: String? = nil) -> RedisEndpoint {
        RedisEndpoint(
            .tcp(host: host, port: port),
            tls: TLSOptions(authorities: files.certificate("authority"), serverName: name))
    }

    /// Why a server is refused that shows the certificate of this name.
    private func refusal(
        of certificate: String, _ change: (inout RedisEndpoint) -> Void = { _ in }
    ) throws -> String {
        let port = try freePort()
        return try withRedis(files.options(port: port, certificate: certificate)) { (_) throws in
            var endpoint = endpoint(port)
            change(&endpoint)
            let error = #expect(throws: RedisError.self) { try RedisConnection.open(endpoint, name: "test") }
            return error.map { "\($0)" } ?? ""
        }
    }

    @Test("a server is let in that proves its name or address", arguments: ["localhost", "127.0.0.1"])
    func proof(host: String) throws {
        let port = try freePort()
        try withRedis(files.options(port: port)) { (_) throws in
            let redis = try RedisConnection.open(endpoint(port, host: host), name: "test")
            #expect(redis.server == "rediss://\(host):\(port)/0")
            #expect(try redis.call(RedisCommand("PING")).text == "PONG")
        }
    }

    @Test("a server whose authority is unknown is refused, and the authority named")
    func unknownAuthority() throws {
        let stranger = try refusal(of: "server") { $0.tls?.authorities = files.certificate("stranger") }
        #expect(stranger.contains("issued by an unknown authority (/CN=The authority)"), "\(stranger)")
        let system = try refusal(of: "server") { $0.tls?.authorities = nil }
        #expect(system.contains("not among the system's; name its file with `ca`"), "\(system)")
    }

    @Test("an expired certificate is refused with its last day")
    func expired() throws {
        let text = try refusal(of: "expired")
        #expect(text.contains("its certificate (/CN=expired) expired on 20"), "\(text)")
    }

    @Test("a certificate for another name is refused with both names, and taken if that name is wanted")
    func wrongName() throws {
        let text = try refusal(of: "elsewhere")
        #expect(text.contains("its certificate is for redis.example.com, 10.1.2.3, not for localhost"), "\(text)")
        let port = try freePort()
        try withRedis(files.options(port: port, certificate: "elsewhere")) { (_) throws in
            for name in ["redis.example.com", "10.1.2.3"] {
                #expect(try RedisConnection.open(endpoint(port, name: name), name: "test").isOpen)
            }
        }
    }

    @Test("a server that wants a certificate of ours gets it, and says so if there is none")
    func clientCertificate() throws {
        let port = try freePort()
        try withRedis(files.options(port: port) + ["--tls-auth-clients", "yes"]) { (_) throws in
            var endpoint = endpoint(port)
            let bare = #expect(throws: RedisError.self) { try RedisConnection.open(endpoint, name: "test") }
            #expect(bare?.description.contains("it wants a certificate of ours") == true, "\(String(describing: bare))")
            endpoint.tls?.certificate = files.certificate("client")
            endpoint.tls?.key = files.key("client")
            #expect(try RedisConnection.open(endpoint, name: "test").call(RedisCommand("PING")).text == "PONG")
            endpoint.tls?.key = files.key("server")
            let wrong = #expect(throws: RedisError.self) { try RedisConnection.open(endpoint, name: "test") }
            #expect(wrong?.description.contains("the key \(files.key("server")): key values mismatch") == true)
        }
    }

    @Test("a file that is not there or no certificate is named", arguments: ["/nonexistent.pem", "/etc/passwd"])
    func unusableFiles(path: String) throws {
        let text = try refusal(of: "server") { $0.tls?.authorities = path }
        #expect(text.contains("the authorities \(path): "), "\(text)")
        let certificate = try refusal(of: "server") { $0.tls?.certificate = path }
        #expect(certificate.contains("our certificate \(path): "), "\(certificate)")
    }

    @Test("TLS to a plain server and plain to a TLS server are each told")
    func mixedUp() throws {
        let (plain, secure) = (try freePort(), try freePort())
        try withRedis(["--port", String(plain)] + files.options(port: secure)) { (_) throws in
            let toPlain = #expect(throws: RedisError.self) {
                try RedisConnection.open(endpoint(plain), connectTimeout: 0.3, name: "test")
            }
            #expect(toPlain?.description.contains("does not speak TLS; use redis://") == true)
            let toSecure = #expect(throws: RedisError.self) {
                try RedisConnection.open(RedisEndpoint(.tcp(host: "localhost", port: secure)), name: "test")
            }
            #expect(toSecure?.description.contains("use rediss://") == true, "\(String(describing: toSecure))")
        }
    }

    @Test("a server that never answers the handshake is given up in time")
    func silentServer() throws {
        let silent = try SilentServer()
        let start = MonotonicTime.now()
        let error = #expect(throws: RedisError.self) {
            try RedisConnection.open(endpoint(silent.port), connectTimeout: 0.3, name: "test")
        }
        #expect(error == .timedOut(doing: "in the TLS handshake with rediss://localhost:\(silent.port)/0"))
        #expect(MonotonicTime.now().seconds(since: start) < 3)
    }

    @Test("megabytes go there and back whole, blocking")
    func large() throws {
        let port = try freePort()
        try withRedis(files.options(port: port)) { (_) throws in
            let redis = try RedisConnection.open(endpoint(port), name: "test")
            let values = (0..<20).map { [UInt8](repeating: UInt8($0), count: 1 << 20) }
            let sets = values.enumerated().map { index, value in
                var command = RedisCommand(["SET", "k\(index)"])
                command.add(value)
                return command
            }
            #expect(try redis.pipeline(sets).allSatisfy { $0 == .status("OK") })
            #expect(try redis.pipeline(values.indices.map { RedisCommand(["GET", "k\($0)"]) }).map(\.bytes) == values)
        }
    }

    @Test("an event loop that sleeps on the descriptor misses nothing, in either direction")
    func eventLoop() throws {
        let port = try freePort()
        try withRedis(files.options(port: port)) { (_) throws in
            let redis = try RedisConnection.open(endpoint(port), name: "test")
            // More than both sockets hold, so that writing stops half-way; answers of every size around a record's 16 KiB.
            let sizes = [1, 100, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 300_000, 3_000_000]
            for size in sizes {
                var command = RedisCommand("ECHO")
                command.add([UInt8](repeating: 7, count: size))
                redis.append(command)
            }
            var found: [Int] = []
            while found.count < sizes.count {
                let isSent = try redis.flush()
                let events = isSent ? POLLIN : POLLIN | POLLOUT
                var entry = pollfd(fd: redis.descriptor, events: Int16(events), revents: 0)
                // What lies decrypted does not wake poll(2): if any were left behind, this would sleep for ever.
                try #require(poll(&entry, 1, 10_000) == 1, "asleep after \(found.count) of \(sizes.count) answers")
                if entry.revents & Int16(POLLIN) != 0 { _ = try redis.receive() }
                while let reply = try redis.nextReply() { found.append(reply.bytes?.count ?? -1) }
            }
            #expect(found == sizes)
        }
    }

    @Test("a server that goes away is noticed at once, without a signal")
    func vanished() throws {
        let port = try freePort()
        try withRedis(files.options(port: port)) { server in
            let redis = try RedisConnection.open(endpoint(port), name: "test")
            server.stop()
            // With the default of SIGPIPE the second write to a socket nobody reads would end this process.
            signal(SIGPIPE, SIG_DFL)
            for _ in 0..<3 {
                redis.append(RedisCommand(["SET", "k", String(repeating: "x", count: 100_000)]))
                do { _ = try redis.flush() } catch { break }
            }
            #expect(throws: RedisError.self) { while true { _ = try redis.receive() } }
            #expect(!redis.isOpen)
        }
    }
}
