import Foundation
import Platform
import Redis
import TestSupport
import Testing

/// A Redis, a Martlet and as many Ruby processes with the real Sidekiq as a test wants.
struct Shop {
    let server = RedisServer()
    let daemon: Daemon
    let redis: RedisConnection

    /// Two workers that serve two queues with `clerk.py`, and write as the Sidekiq that is installed here reads.
    static let configuration = """
        processes: 2
        concurrency: 3
        timeout: 3
        sidekiq: 7
        tag: shop
        labels: [blue]
        queues: [default: 2, low: 1]
        handlers:
          clerk: { command: [./clerk.py], classes: ["*"], mode: serve }
        """

    init(_ configuration: String = Shop.configuration, files: [String: String] = [:]) throws {
        daemon = Daemon(
            configuration, server: server, files: ["clerk.py": Clerk.text].merging(files) { _, mine in mine })
        redis = try server.connect(timeout: 30)
    }

    /// Runs a body with a started daemon; whatever happens, nothing is left running.
    static func open(
        _ configuration: String = Shop.configuration, files: [String: String] = [:], starting: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (Shop) throws -> Void
    ) throws {
        try #require(Gem.trouble == nil, "\(Gem.trouble ?? "")", sourceLocation: sourceLocation)
        let shop = try Shop(configuration, files: files)
        defer {
            shop.daemon.end()
            shop.server.stop()
        }
        if starting {
            shop.daemon.start(sourceLocation: sourceLocation)
            try #require(shop.daemon.isRunning, "\(shop.daemon.log)", sourceLocation: sourceLocation)
        }
        try body(shop)
    }

    // MARK: Ruby

    /// Runs Ruby with the gem's client and API; the last value, a hash, is the answer.
    func ruby(_ script: String, sourceLocation: SourceLocation = #_sourceLocation) -> [String: Any] {
        Gem.run(script, socket: server.socketPath, sourceLocation: sourceLocation)
    }

    // MARK: Redis

    @discardableResult
    func call(_ words: String...) throws -> RedisReply { try redis.call(RedisCommand(words)).accepted() }

    func number(_ key: String) throws -> Int { try call("GET", key).integer ?? 0 }

    /// Texts of `retry`, `schedule` or `dead`, the lowest score first.
    func members(of set: String) throws -> [String] {
        try call("ZRANGE", set, "0", "-1").elements?.compactMap(\.text) ?? []
    }

    /// The member with this jid, decoded.
    func object(_ jid: String, in set: String) throws -> [String: Any]? {
        try members(of: set).first { $0.contains("\"jid\":\"\(jid)\"") }.map(JSON.object)
    }

    /// Payloads of a queue, what is fetched next first.
    func queue(_ name: String = "default") throws -> [String] {
        try call("LRANGE", "queue:\(name)", "0", "-1").elements?.reversed().compactMap(\.text) ?? []
    }

    /// Pushes payloads as they are, as the gem's client does.
    func push(_ payloads: [String], to queue: String = "default") throws {
        _ = try call("SADD", "queues", queue)
        for payload in payloads { _ = try call("LPUSH", "queue:\(queue)", payload) }
    }

    /// Gives all of a set another time, epoch seconds.
    func reschedule(_ set: String, at time: Int = 1) throws {
        let script = """
            for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
              redis.call('ZADD', KEYS[1], 'XX', ARGV[1], member)
            end
            return 0
            """
        try call("EVAL", script, "1", set, "\(time)")
    }

    /// A value of each worker's record.
    func records(_ field: String) throws -> [String] {
        let identities = try call("SMEMBERS", "processes").elements?.compactMap(\.text) ?? []
        return try identities.compactMap { try call("HGET", $0, field).text }
    }

    // MARK: What ran

    /// What `clerk.py` wrote of each run: class, jid, queue, attempt, args, the whole job, and how it ended.
    var runs: [[String: Any]] { daemon.lines(of: "ledger").map(JSON.object) }

    func runs(of jid: String) -> [[String: Any]] { runs.filter { $0["jid"] as? String == jid } }

    /// Lets the jobs of class HoldJob end.
    func letGo() { daemon.write("", to: "go") }
}

enum JSON {
    /// Empty for what is no object.
    static func object(_ text: String) -> [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
    }
}
