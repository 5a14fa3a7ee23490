import Foundation
import Redis
import TestSupport
import Testing

/// A connection of the test's own, with the words in which these tests speak of jobs. What lies in Redis is spelt out
/// here once more, on purpose: other programs rely on it.
struct Jobs {
    let redis: RedisConnection

    init(_ server: RedisServer) throws { redis = try server.connect(timeout: 30) }

    @discardableResult
    func call(_ words: String...) throws -> RedisReply { try redis.call(RedisCommand(words)).accepted() }

    /// A payload of Sidekiq's shape.
    static func payload(
        _ jobClass: String, _ jid: String, args: String = "[]", queue: String = "default", more: String = ""
    ) -> String {
        #"{"retry":true,"queue":"\#(queue)","class":"\#(jobClass)","args":\#(args),"jid":"\#(jid)","#
            + #""created_at":1763791200000,"enqueued_at":1763791200000\#(more)}"#
    }

    /// Pushes as Sidekiq's client does: SADD and LPUSH.
    func push(_ payloads: [[UInt8]], to queue: String = "default") throws {
        try call("SADD", "queues", queue)
        for start in stride(from: 0, to: payloads.count, by: 1000) {
            var command = RedisCommand(["LPUSH", "queue:\(queue)"])
            for payload in payloads[start..<min(start + 1000, payloads.count)] { command.add(payload) }
            _ = try redis.call(command).accepted()
        }
    }

    func push(_ payloads: [String]) throws { try push(payloads.map { Array($0.utf8) }) }

    func push(_ payloads: String..., queue: String = "default") throws {
        try push(payloads.map { Array($0.utf8) }, to: queue)
    }

    /// A queue's payloads, what is fetched next first.
    func queue(_ name: String = "default") throws -> [[UInt8]] {
        try call("LRANGE", "queue:\(name)", "0", "-1").elements?.reversed().compactMap(\.bytes) ?? []
    }

    func texts(_ name: String = "default") throws -> [String] { try queue(name).map(Self.text) }

    /// Members of `retry`, `schedule` or `dead` with their scores, the lowest first.
    func members(of set: String) throws -> [(payload: [UInt8], score: Double)] {
        try (call("ZRANGE", set, "0", "-1", "WITHSCORES").pairs ?? []).map {
            ($0.name.bytes ?? [], $0.value.number ?? 0)
        }
    }

    /// The member whose jid is this, decoded.
    func object(_ jid: String, in set: String) throws -> [String: Any]? {
        try members(of: set).first { Self.text($0.payload).contains("\"jid\":\"\(jid)\"") }.map {
            Self.object($0.payload)
        }
    }

    func score(_ jid: String, in set: String) throws -> Double? {
        try members(of: set).first { Self.text($0.payload).contains("\"jid\":\"\(jid)\"") }?.score
    }

    /// Makes everything in a set due, or sets another time, epoch seconds.
    func makeDue(_ set: String, at time: Int = 1) throws {
        for member in try members(of: set) {
            var command = RedisCommand(["ZADD", set, "XX", "\(time)"])
            command.add(member.payload)
            _ = try redis.call(command).accepted()
        }
    }

    /// Redis' clock, epoch seconds.
    func now() throws -> Double {
        let parts = try call("TIME").elements ?? []
        return Double(parts[0].integer ?? 0) + Double(parts[1].integer ?? 0) / 1e6
    }

    func number(_ key: String) throws -> Int { try call("GET", key).integer ?? 0 }

    /// Payloads that are reserved by some process.
    func reserved() throws -> Int {
        try keys("martlet:reservations:*").reduce(0) { try $0 + (call("HLEN", $1).integer ?? 0) }
    }

    func keys(_ pattern: String = "*") throws -> [String] {
        (try call("KEYS", pattern).elements ?? []).compactMap(\.text).sorted()
    }

    /// Every key but what a service leaves behind for ever on purpose (the names of queues, statistics) and process
    /// records, which Redis drops by itself.
    func leftovers() throws -> [String] {
        try keys().filter { key in
            if key == "queues" || ["stat:", "martlet:stat:late", "j|", "h|"].contains(where: key.hasPrefix) {
                return false
            }
            return try call("TTL", key).integer == -1
        }
    }

    static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Empty for what is no object; numbers that Foundation cannot hold are made smaller.
    static func object(_ bytes: [UInt8]) -> [String: Any] {
        let text = text(bytes).replacing("1e400", with: "1e40")
        return (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
    }
}
