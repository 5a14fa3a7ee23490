import JobModel
import Queueing
import Redis
import TestSupport
import Testing

/// A server, connections to it and the words tests of jobs use.
///
/// Martlet's operations go over `redis`, as the user of config/martlet.acl; whatever that may not do fails the test.
final class Store {
    let server: RedisServer
    let redis: RedisConnection
    private let administrator: RedisConnection

    init(_ options: [String] = []) throws {
        server = RedisServer(options)
        administrator = try server.connect()
        // Keys of processes are named like their identities, and these tests call theirs "me".
        let endpoint = try server.admit(moreRules: ["~*"])
        redis = try RedisConnection.open(endpoint, timeout: 10, name: "test", scripts: Scripts.all)
    }

    deinit {
        guard let denials = try? server.denials() else { return }  // The test has stopped the server.
        #expect(denials == [], "what the access list did not allow")
    }

    /// Any command, by words; an error reply throws.
    @discardableResult
    func run(_ words: String...) throws -> RedisReply { try run(words) }

    @discardableResult
    func run(_ words: [String]) throws -> RedisReply { try administrator.call(RedisCommand(words)).accepted() }

    func push(_ queue: String, _ payloads: [String]) throws {
        for payload in payloads { try run("LPUSH", "queue:\(queue)", payload) }
    }

    /// A queue's payloads in the order they will be fetched.
    func queue(_ name: String) throws -> [String] {
        try (run("LRANGE", "queue:\(name)", "0", "-1").elements ?? []).compactMap(\.text).reversed()
    }

    func set(_ name: String) throws -> [String] {
        try (run("ZRANGE", name, "0", "-1").elements ?? []).compactMap(\.text)
    }

    func reserved(_ identity: String = "me") throws -> [String: String] {
        var found: [String: String] = [:]
        for (id, payload) in try run("HGETALL", Keys.reservations(identity)).pairs ?? [] {
            found[id.text ?? ""] = payload.text
        }
        return found
    }

    func number(_ key: String) throws -> Int { try run("GET", key).integer ?? 0 }

    /// Gives a process a lease without the rest of its record.
    func lease(_ identity: String = "me", endsAt milliseconds: Int = 9_000_000_000_000) throws {
        try run("ZADD", Keys.leases, String(milliseconds), identity)
    }

    @discardableResult
    func exchange(_ request: Exchange.Request) throws -> Exchange.Answer {
        try Exchange.answer(redis.call(Exchange.command(request)), to: request)
    }

    /// Fetches from queues in their order.
    func fetch(
        _ count: Int, from names: [String] = ["q"], as identity: String = "me", firstSequence: UInt64 = 1
    ) throws -> [Reservation] {
        try exchange(fetching(count, from: names, as: identity, firstSequence: firstSequence)).fetched
    }

    func fetching(
        _ count: Int, from names: [String] = ["q"], as identity: String = "me", firstSequence: UInt64 = 1
    ) -> Exchange.Request {
        Exchange.Request(
            identity: identity,
            fetches: [
                Exchange.Fetch(
                    capsule: 0, count: count, steps: names.indices.map { QueueOrder.Step(queue: $0, atMost: count) },
                    queues: names.map { QueueName(trusted: $0) })
            ],
            firstSequence: firstSequence, day: noon)
    }

    @discardableResult
    func settle(_ settlements: [Settlement], as identity: String = "me") throws -> Exchange.Answer {
        try exchange(Exchange.Request(identity: identity, settlements: settlements, day: noon))
    }
}

/// 2026-01-03 12:00 UTC.
let noon = Timestamp(milliseconds: 1_767_441_600_000)

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension Reservation {
    var text: String { String(decoding: payload, as: UTF8.self) }
    func settled(_ verdict: Verdict, _ counts: Settlement.Counts = .nothing) -> Settlement {
        Settlement(id: id, verdict: verdict, counts: counts)
    }
}
