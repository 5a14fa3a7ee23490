import Foundation
import Platform
import Redis
import TestSupport

/// The third ledger: what is there when all has come to rest.
extension Campaign {
    /// Walks through every key.
    func walk() -> Ledgers.Final {
        var final = Ledgers.Final()
        let keys = desk.ask("KEYS", "*")?.elements?.compactMap(\.text).sorted() ?? []
        for key in keys {
            for payload in payloads(of: key) {
                guard let name = Self.name(of: payload) else {
                    final.strays.append("a payload that is no job of this campaign is in \(key)")
                    continue
                }
                final.places[name, default: []].append(key)
                if key == "dead", Data(payload).range(of: Data(#""error_class":"Poison""#.utf8)) != nil {
                    final.poisoned.insert(name)
                }
            }
        }
        final.processed = desk.ask("GET", "stat:processed")?.integer ?? 0
        final.failed = desk.ask("GET", "stat:failed")?.integer ?? 0
        final.poisonedCount = desk.ask("GET", "martlet:stat:poisoned")?.integer ?? 0
        return final
    }

    private func payloads(of key: String) -> [[UInt8]] {
        let command: RedisCommand? =
            if key.hasPrefix("queue:") {
                RedisCommand(["LRANGE", key, "0", "-1"])
            } else if ["schedule", "retry", "dead"].contains(key) {
                RedisCommand(["ZRANGE", key, "0", "-1"])
            } else if key.hasPrefix("martlet:reservations:") {
                RedisCommand(["HVALS", key])
            } else {
                nil
            }
        return command.flatMap { desk.ask([$0])?.first?.elements }?.compactMap(\.bytes) ?? []
    }

    private static func name(of payload: [UInt8]) -> JobName? {
        let data = Data(payload)
        guard let start = data.range(of: Data(#""jid":""#.utf8)) else { return nil }
        return JobName(Array(data[start.upperBound...].prefix { $0 != UInt8(ascii: "\"") }))
    }

    /// After the end of both daemons: who is alive, and which keys have neither an owner nor a time to live.
    func leftBehind() -> [String] {
        var strays = hosts.flatMap { host in
            host.daemon.survivors.map { "process \($0.pid) \(Daemon.arguments(of: $0.pid)) of host \(host.name)" }
        }
        let forEver = ["queues", "dead", "stat:processed", "stat:failed", "martlet:stat:poisoned", "martlet:stat:late"]
        let keys = (desk.ask("KEYS", "*")?.elements?.compactMap(\.text) ?? []).filter { !forEver.contains($0) }.sorted()
        let lives = desk.ask(keys.map { RedisCommand(["TTL", $0]) }) ?? []
        for (key, life) in zip(keys, lives) where life.integer == -1 { strays.append("key \(key)") }
        return strays
    }
}
