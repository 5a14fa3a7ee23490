import JobModel
import Logging
import Queueing
import Redis
import TestSupport

@testable import Scheduler

/// A server, and the scheduler's desk in front of it.
final class Desk {
    let server = RedisServer()
    let redis: RedisConnection
    let desk: SchedulerDesk

    init(
        returnSeconds: Double = 0,
        log: Logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    ) throws {
        redis = try server.connect(scripts: Scripts.all)
        desk = SchedulerDesk(
            endpoint: server.endpoint, deadLimits: DeadLimits(jobs: 100, seconds: 1000),
            poison: PoisonLimit(deaths: 2), returnSeconds: returnSeconds, log: log)
    }

    /// Runs a task as the loop does, over the desk's own connection.
    @discardableResult
    func run<Result>(_ task: (SchedulerDesk, RedisConnection) throws(RedisError) -> Result) throws -> Result {
        guard case .connected(let connection) = desk.access() else { throw RedisError.lost("no connection") }
        return try task(desk, connection)
    }

    @discardableResult
    func call(_ words: String...) throws -> RedisReply { try redis.call(RedisCommand(words)).accepted() }

    /// Puts a job into a sorted set; its jid is its name.
    func add(_ set: String, due score: Double, _ name: String, queue: String = "q") throws {
        try call("ZADD", set, "\(score)", Self.payload(name, queue: queue))
    }

    static func payload(_ name: String, queue: String = "q") -> String {
        #"{"class":"Job","args":[],"queue":"\#(queue)","jid":"\#(name)"}"#
    }

    /// jids in a queue, what is fetched next first.
    func queue(_ name: String) throws -> [String] { try jids(call("LRANGE", "queue:\(name)", "0", "-1")).reversed() }

    /// jids in a sorted set.
    func names(_ set: String) throws -> [String] { try jids(call("ZRANGE", set, "0", "-1")) }

    private func jids(_ reply: RedisReply) -> [String] {
        (reply.elements ?? []).compactMap { element in
            element.text?.split(separator: #""jid":""#).last?.split(separator: "\"").first.map(String.init)
        }
    }

    /// A process that holds one job.
    func hold(_ identity: String, leaseEnd: String, _ name: String, origin: [String] = []) throws {
        try call("ZADD", Keys.leases, leaseEnd, identity)
        try call("HSET", Keys.reservations(identity), "0000000000000001:q", Self.payload(name))
        if !origin.isEmpty { _ = try redis.call(RedisCommand(["HSET", Keys.origin(identity)] + origin)).accepted() }
    }
}
