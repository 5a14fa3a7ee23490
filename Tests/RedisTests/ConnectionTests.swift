import Glibc
import Platform
import TestSupport
import Testing

@testable import Redis

@Suite("A connection to Redis")
struct ConnectionTests {
    @Test("every kind of reply arrives as it was sent")
    func replies() throws {
        try withRedis { server in
            let redis = try server.connect()
            #expect(try redis.call(RedisCommand("PING")) == .status("PONG"))
            #expect(try redis.call(RedisCommand(["GET", "nothing"])) == .null)
            #expect(try redis.call(RedisCommand(["INCR", "n"])) == .integer(1))
            #expect(try redis.call(RedisCommand(["GET", "n"])).integer == 1)
            #expect(try redis.call(RedisCommand(["LPUSH", "n", "x"])).refusal?.code == "WRONGTYPE")
            let nested = try redis.call(RedisCommand(["EVAL", "return {1, {'a', {}}, false}", "0"]))
            #expect(nested == .array([.integer(1), .array([.bulk(Array("a".utf8)), .array([])]), .null]))
        }
    }

    @Test("megabytes go there and back whole, many commands at once")
    func large() throws {
        try withRedis { server in
            let redis = try server.connect()
            let values = (0..<40).map { [UInt8](repeating: UInt8($0), count: 1 << 20) }
            let sets = values.enumerated().map { index, value in
                var command = RedisCommand(["SET", "k\(index)"])
                command.add(value)
                return command
            }
            #expect(try redis.pipeline(sets).allSatisfy { $0 == .status("OK") })
            let read = try redis.pipeline(values.indices.map { RedisCommand(["GET", "k\($0)"]) })
            #expect(read.map(\.bytes) == values)
        }
    }

    @Test("the same connection serves an event loop: nothing blocks and replies keep their order")
    func nonBlocking() throws {
        try withRedis { server in
            let redis = try server.connect()
            #expect(try redis.nextReply() == nil)
            #expect(try !redis.receive())
            for number in 0..<100 { redis.append(RedisCommand(["ECHO", String(number)])) }
            #expect(redis.wantsToWrite)
            eventually("all is sent") { (try? redis.flush()) == true }
            var replies: [Int] = []
            try eventually("100 replies came") {
                _ = try redis.receive()
                while let reply = try redis.nextReply() { replies.append(reply.integer ?? -1) }
                return replies.count == 100
            }
            #expect(replies == Array(0..<100))
        }
    }

    @Test("a server that does not answer is given up, and its late answer goes to nobody")
    func timeout() throws {
        try withRedis { server in
            let redis = try server.connect(timeout: 0.2)
            server.freeze()
            let error = #expect(throws: RedisError.self) { try redis.call(RedisCommand(["INCR", "n"])) }
            #expect(error == .timedOut(doing: "waiting for an answer of \(server.endpoint.redacted)"))
            #expect(error?.leavesDoubt == true)
            server.thaw()
            #expect(!redis.isOpen)
            #expect(redis.descriptor == -1)
            #expect(throws: RedisError.self) { try redis.call(RedisCommand("PING")) }
        }
    }

    @Test("a server that goes away is noticed at once, and found again once it is back")
    func restart() throws {
        try withRedis { server in
            let redis = try server.connect()
            server.stop()
            let error = #expect(throws: RedisError.self) { try redis.call(RedisCommand("PING")) }
            #expect(error?.leavesDoubt == true)
            #expect(!redis.isOpen)
            let refused = #expect(throws: RedisError.self) { try server.connect() }
            #expect(refused?.description == "cannot reach \(server.endpoint.redacted): No such file or directory")
            server.start()
            #expect(try server.connect().call(RedisCommand("PING")).text == "PONG")
        }
    }

    @Test("an address where nobody listens is named in the error, without the password")
    func unreachable() throws {
        let endpoint = RedisEndpoint(.tcp(host: "127.0.0.1", port: 1), username: "u", password: "secret", database: 3)
        let error = #expect(throws: RedisError.self) { try RedisConnection.open(endpoint, name: "test") }
        #expect(error == .lost("cannot reach redis://u@127.0.0.1:1/3: Connection refused"))
    }

    @Test("a peer that is no Redis is refused")
    func wrongProtocol() throws {
        try withListener("SSH-2.0-OpenSSH_9.2\r\n") { port in
            let error = #expect(throws: RedisError.self) {
                try RedisConnection.open(RedisEndpoint(.tcp(host: "localhost", port: port)), name: "test")
            }
            #expect(error?.description.contains("does not speak Redis' protocol") == true)
        }
    }

    @Test("a command larger than Redis takes is refused before it is sent")
    func tooLarge() throws {
        try withRedis { server in
            let redis = try server.connect()
            var command = RedisCommand("PING")
            command.add([UInt8](repeating: 0, count: RedisCommand.mostBytes))
            let error = #expect(throws: RedisError.self) { try redis.call(command) }
            #expect(error?.description.contains("is more than") == true)
            #expect(!redis.isOpen)
        }
    }

    @Test("a path too long for a unix socket is an error, not another path")
    func longPath() throws {
        let path = "/tmp/" + String(repeating: "x", count: 120)
        let error = #expect(throws: RedisError.self) { try RedisConnection.open(.init(.unix(path: path)), name: "t") }
        #expect(error == .lost("cannot reach unix://\(path): File name too long"))
    }

    @Test("TCP works by name and by number, with the database that is asked for")
    func tcp() throws {
        let port = try freePort()
        try withRedis(["--port", String(port), "--bind", "127.0.0.1"]) { _ in
            for host in ["127.0.0.1", "localhost"] {
                let redis = try RedisConnection.open(
                    RedisEndpoint(.tcp(host: host, port: port), database: 5), name: "my name")
                _ = try redis.call(RedisCommand(["INCR", "n"])).accepted()
                let me = try #require(redis.call(RedisCommand(["CLIENT", "INFO"])).text)
                #expect(me.contains(" db=5 "))
                #expect(me.contains(" name=my-name "))
            }
        }
    }

    @Test("of a server's addresses one that says nothing leaves time for the next", .timeLimit(.minutes(1)))
    func deadAddress() throws {
        let (dead, alive) = (try listener(), try listener())
        dead.fill()
        #expect(throws: RedisError.self) { try call([dead.address], within: 0.1) }
        try call([dead.address, alive.address], within: 2)
    }

    private func call(_ addresses: [sockaddr_in], within seconds: Double) throws {
        try addresses.withUnsafeBytes { buffer in
            let size = MemoryLayout<sockaddr_in>.stride
            _ = try Socket.connect(
                addresses.indices.map {
                    (AF_INET, UnsafeRawBufferPointer(rebasing: buffer[($0 * size)..<($0 + 1) * size]))
                },
                until: .now().advanced(bySeconds: seconds))
        }
    }

    private final class Listener {
        let raw: Int32
        let address: sockaddr_in
        private var callers: [Int32] = []

        init(raw: Int32, address: sockaddr_in) { (self.raw, self.address) = (raw, address) }

        deinit { for descriptor in callers + [raw] { close(descriptor) } }

        /// Calls until nobody else gets through: who is not accepted waits in a short line, and further calls are dropped, as
        /// by a host that is gone.
        func fill() {
            for _ in 0..<8 {
                let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
                let caller = socket(AF_INET, kind, 0)
                callers.append(caller)
                var address = address
                _ = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(caller, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
            }
        }
    }

    private func listener() throws -> Listener {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let port = try bindToFreePort(raw)
        guard listen(raw, 0) == 0 else { throw SystemError.last("listen") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return Listener(raw: raw, address: address)
    }
}

/// A server that says one thing to whoever connects.
private func withListener(_ greeting: String, _ body: (Int) throws -> Void) throws {
    let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(raw) }
    let port = try bindToFreePort(raw)
    guard listen(raw, 1) == 0 else { throw SystemError.last("listen") }
    OSThread.start(name: "listener", stackBytes: 256 << 10) {
        let peer = accept(raw, nil, nil)
        guard peer >= 0 else { return }
        _ = greeting.withCString { send(peer, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        var byte: UInt8 = 0
        while recv(peer, &byte, 1, 0) > 0 {}
        close(peer)
    }
    try body(port)
    shutdown(raw, Int32(SHUT_RDWR))
}
