import JobModel
import Queueing
import Redis
import TestSupport
import Testing

@Suite("The access list that is shipped")
struct AccessListTests {
    private let queues = [QueueName(trusted: "q")]

    private func lacks(_ server: RedisServer, _ rules: [String], as major: SidekiqMajor = .eight) throws
        -> [AccessRights.Lack]
    {
        let redis = try RedisConnection.open(try server.admit(moreRules: rules), name: "test")
        return try AccessRights.lacks(of: redis, queues: queues, as: major)
    }

    @Test(
        "the daemon's user lacks nothing, and what is taken from it is named",
        .enabled(if: RedisProgram.isSeven, "a subcommand can be taken away from Redis 7 on"))
    func lacking() throws {
        try withRedis { server in
            #expect(try lacks(server, []) == [])
            #expect(try lacks(server, [], as: .seven) == [])
            #expect(try server.denials() == [])
            #expect(
                try lacks(server, ["-hset", "-client|tracking"]) == [.command("CLIENT TRACKING"), .command("HSET")])
            let keys = try lacks(server, ["+hset", "+client|tracking", "resetkeys", "~martlet:*", "~queue:q"])
            #expect(keys.contains(.key("dead")) && !keys.contains(.key("queue:q")), "\(keys)")
            let channels = try lacks(server, ["~*", "resetchannels"])
            #expect(channels == [.channel("__redis__:invalidate")])
            #expect(try lacks(server, ["-multi"]) == [.command("MULTI")])
        }
    }

    @Test("proving the rights changes nothing")
    func proofIsHarmless() throws {
        try withRedis { server in
            _ = try lacks(server, [])
            #expect(try server.connect().call(RedisCommand("DBSIZE")).integer == 0)
        }
    }

    @Test("every command of every script is among the rights")
    func scripts() {
        let rules = AccessList.rules(of: "martlet")
        for script in Scripts.all + Scripts.forOperators {
            let source = String(decoding: script.source, as: UTF8.self)
            for match in source.matches(of: /(?:call|try)\('([A-Z]+)'/) {
                #expect(rules.contains("+\(match.1.lowercased())"), "\(match.1) in \(script.name)")
            }
        }
    }

    @Test(
        "what is no business of a daemon is refused, inside of scripts too",
        arguments: [
            ["FLUSHALL"], ["KEYS", "*"], ["SCAN", "0"], ["CONFIG", "GET", "*"], ["GET", "secret"],
            ["SET", "queue:q", "x"],
            ["SCRIPT", "FLUSH"], ["CLIENT", "KILL", "TYPE", "normal"], ["ACL", "LIST"], ["SHUTDOWN"],

            ["PUBLISH", "c", "m"], ["SUBSCRIBE", "other"], ["HGETALL", "user:1:profile"],
            ["EVAL", "return redis.call('FLUSHALL')", "0"], ["EVAL", "return redis.call('GET', 'secret')", "0"],
            ["EVAL", "return redis.call('HGET', KEYS[1], 'x')", "1", "secret"],
        ])
    func forbidden(words: [String]) throws {
        try withRedis { server in
            _ = try server.connect().call(RedisCommand(["SET", "secret", "s"])).accepted()
            let redis = try RedisConnection.open(try server.admit(), name: "test")
            let refusal = try redis.call(RedisCommand(words)).refusal
            #expect(refusal?.meaning == .barred, "\(refusal?.message ?? "done")")
            #expect(try server.denials().count == 1)
        }
    }

    @Test("keys of processes are theirs by the form of their names")
    func processKeys() throws {
        try withRedis { server in
            let redis = try RedisConnection.open(try server.admit(), name: "test")
            for key in ["web-1:4711:0123456789ab", "web-1:4711:0123456789ab:work"] {
                #expect(try redis.call(RedisCommand(["HSET", key, "a", "b"])).integer == 1)
            }
            #expect(try redis.call(RedisCommand(["HSET", "web:session:1", "a", "b"])).refusal?.code == "NOPERM")
        }
    }

    @Test("a producer's user can push, and nothing else")
    func producer() throws {
        try withRedis { server in
            let redis = try RedisConnection.open(try server.admit("martlet-push"), name: "test")
            let jobs = [nil, 4e9].map {
                JobDraft.Prepared(payload: bytes("{}"), queue: queues[0], at: $0, jid: "j")
            }
            #expect(try Producer.push(jobs, over: redis).pushed == 2)
            #expect(try server.denials() == [])
            for words in [
                ["RPOP", "queue:q"], ["LRANGE", "queue:q", "0", "-1"], ["ZREM", "schedule", "x"],
                ["EVAL", "return 1", "0"],
                ["LPUSH", "retry", "x"], ["ZADD", "dead", "1", "x"], ["HGETALL", "martlet:processes"],
            ] {
                #expect(try redis.call(RedisCommand(words)).refusal?.code == "NOPERM", "\(words)")
            }
        }
    }
}
