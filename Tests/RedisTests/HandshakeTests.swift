import Redis
import TestSupport
import Testing

@Suite("Being let in by Redis")
struct HandshakeTests {
    @Test("a server with a password lets in who knows it, and says NOAUTH to who does not ask")
    func password() throws {
        try withRedis(["--requirepass", "se cret"]) { (server) throws in
            var endpoint = server.endpoint
            endpoint.password = "se cret"
            #expect(try RedisConnection.open(endpoint, name: "test").call(RedisCommand("PING")).text == "PONG")

            endpoint.password = "wrong"
            let wrong = #expect(throws: RedisError.self) { try RedisConnection.open(endpoint, name: "test") }
            guard case .refused(let refusal) = wrong else { return #expect(Bool(false), "not refused") }
            #expect(refusal.code == "WRONGPASS")
            #expect(refusal.message.hasPrefix("\(server.endpoint.redacted) refuses AUTH: WRONGPASS"))
            #expect(!refusal.message.contains("wrong\""))

            let silent = #expect(throws: RedisError.self) { try server.connect() }
            guard case .refused(let refusal) = silent else { return #expect(Bool(false), "not refused") }
            #expect(refusal.code == "NOAUTH")
        }
    }

    @Test("a user of the access list is let in with what it may do")
    func user() throws {
        try withRedis { server in
            _ = try server.connect().call(
                RedisCommand(["ACL", "SETUSER", "worker", "on", ">pw", "~*", "+@all", "-role", "-client"])
            ).accepted()
            var endpoint = server.endpoint
            endpoint.username = "worker"
            endpoint.password = "pw"
            // It may neither ask for its role nor name itself, and both are no reason to refuse.
            let redis = try RedisConnection.open(endpoint, name: "test")
            #expect(try redis.call(RedisCommand(["ACL", "WHOAMI"])).text == "worker")
        }
    }

    @Test("a database that does not exist is refused by name")
    func database() throws {
        try withRedis { (server) throws in
            var endpoint = server.endpoint
            endpoint.database = 99
            let error = #expect(throws: RedisError.self) { try RedisConnection.open(endpoint, name: "test") }
            #expect(error?.description == "\(endpoint.redacted) refuses SELECT: ERR DB index is out of range")
        }
    }

    @Test("a replica is refused: jobs need the master")
    func replica() throws {
        try withRedis { server in
            let redis = try server.connect()
            _ = try redis.call(RedisCommand(["REPLICAOF", "127.0.0.1", "1"])).accepted()
            let error = #expect(throws: RedisError.self) { try server.connect() }
            guard case .refused(let refusal) = error else { return #expect(Bool(false), "not refused") }
            #expect(refusal.code == "READONLY")
            _ = try redis.call(RedisCommand(["REPLICAOF", "NO", "ONE"])).accepted()
            #expect(try server.connect().isOpen)
        }
    }

    @Test("a script is called by its digest, and sent whole where it is not known")
    func scripts() throws {
        try withRedis { server in
            let script = LuaScript(name: "twice", source: Array("return ARGV[1] .. ARGV[1]".utf8))
            var command = RedisCommand(running: script, keys: ["k"])
            command.add("ab")
            let loaded = try server.connect(scripts: [script])
            let unloaded = try server.connect()
            #expect(try loaded.call(command).text == "abab")
            #expect(try unloaded.call(command).text == "abab")
            let calls = try #require(loaded.call(RedisCommand(["INFO", "commandstats"])).text)
            #expect(calls.contains("cmdstat_evalsha:calls=1,"))
            #expect(calls.contains("cmdstat_eval:calls=1,"))

            // Forgotten: a blocking call sends it whole by itself, an event loop is told.
            _ = try loaded.call(RedisCommand(["SCRIPT", "FLUSH"])).accepted()
            #expect(try loaded.call(command).text == "abab")
            _ = try loaded.call(RedisCommand(["SCRIPT", "FLUSH"])).accepted()
            loaded.append(command)
            loaded.append(command.whole)
            var replies: [RedisReply] = []
            try eventually("two replies came") {
                _ = try loaded.flush()
                _ = try loaded.receive()
                while let reply = try loaded.nextReply() { replies.append(reply) }
                return replies.count == 2
            }
            #expect(replies.first?.refusal?.code == "NOSCRIPT")
            #expect(replies.last?.text == "abab")
        }
    }
}

@Suite("What is asked of a server")
struct ServerFactsTests {
    @Test("a plain server of today is good enough")
    func good() throws {
        try withRedis { server in
            let facts = try ServerFacts.read(server.connect())
            #expect(facts.objection(allowEviction: false) == nil)
            #expect(facts.maxmemoryPolicy == "noeviction")
            #expect(!facts.loading)
        }
    }

    @Test("a server that deletes keys when it is full is refused, unless the operator accepts it")
    func eviction() throws {
        try withRedis(["--maxmemory-policy", "allkeys-lru"]) { server in
            let facts = try ServerFacts.read(server.connect())
            #expect(facts.objection(allowEviction: false)?.contains("maxmemory-policy is allkeys-lru") == true)
            #expect(facts.objection(allowEviction: true) == nil)
        }
    }

    @Test("a cluster is refused")
    func cluster() throws {
        // The cluster's own port is 10,000 higher, and there are 65,535.
        var port = try freePort()
        while port > 55_535 { port = try freePort() }
        try withRedis(["--cluster-enabled", "yes", "--port", String(port)]) { server in
            let facts = try ServerFacts.read(server.connect())
            #expect(facts.objection(allowEviction: true)?.contains("cluster") == true)
        }
    }

    @Test(
        "versions below 6.2 are refused, and a server that does not say is not",
        arguments: [("6.0.16", true), ("5.0.14", true), ("6.2.0", false), ("10.0.1", false), ("", false)])
    func version(text: String, refused: Bool) {
        let facts = ServerFacts(info: "# Server\r\nredis_version:\(text)\r\nloading:1\r\n")
        #expect((facts.objection(allowEviction: false) != nil) == refused)
        #expect(facts.loading)
    }

    @Test("a Valkey is called by its own name and version, and judged by the Redis that it is compatible with")
    func valkey() {
        let facts = ServerFacts(info: "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n")
        #expect(facts.product == "Valkey 8.0.1")
        #expect(facts.version == "7.2.4")
        #expect(facts.objection(allowEviction: false) == nil)
        #expect(ServerFacts(info: "redis_version:7.0.15\r\n").product == "Redis 7.0.15")
    }
}
