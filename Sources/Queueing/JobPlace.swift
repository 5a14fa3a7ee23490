package import JobModel
package import Redis

/// A place where jobs lie.
package enum JobPlace: Hashable, Sendable, CustomStringConvertible {
    case queue(QueueName)
    case schedule
    case retry
    case dead
    /// What a process has fetched and not settled.
    case reserved(identity: String)

    var key: String {
        switch self {
        case .queue(let name): Keys.queue(name)
        case .schedule: Keys.schedule
        case .retry: Keys.retry
        case .dead: Keys.dead
        case .reserved(let identity): Keys.reservations(identity)
        }
    }

    package var description: String { key }

    var isList: Bool { if case .queue = self { true } else { false } }

    /// Where jobs wait, in the direction in which they move: who looks in this order meets those that move meanwhile.
    ///
    /// - Parameter queues: looked through too if nobody has entered them in Redis' list.
    package static func waiting(
        _ redis: RedisConnection, and queues: [QueueName] = []
    ) throws(RedisError) -> [JobPlace] {
        let names = try QueueList.names(redis.call(QueueList.namesCommand))
        return [.schedule, .retry] + Set(names + queues).sorted().map { .queue($0) }
    }

    /// What processes hold, of all that are registered.
    package static func reserved(_ redis: RedisConnection) throws(RedisError) -> [JobPlace] {
        try Rescue.leases(redis.pipeline(Rescue.listCommands)).map { .reserved(identity: $0.identity) }
    }

    /// About so many bytes are read at a time: Redis does nothing else meanwhile, and a payload may be large.
    private static let bytesAtOnce = 1 << 20
    private static let fewAtOnce = 50
    private static let mostAtOnce = 1000

    /// Hands every payload that lies here to `take`, in chunks. Whoever lies here all the time is met, also while others come
    /// and go at the ends; who is moved about may be met twice or not at all.
    ///
    /// A queue is read from the left, where jobs are pushed: then what is pushed or fetched meanwhile moves nobody past us. A
    /// sorted set is read from its end, since those that are due leave it at its beginning.
    package func visit(
        _ redis: RedisConnection, _ take: ([UInt8]) throws(RedisError) -> Void
    ) throws(RedisError) {
        if case .reserved = self {
            for (_, payload) in try redis.call(RedisCommand(["HGETALL", key])).accepted().pairs ?? [] {
                if let payload = payload.bytes { try take(payload) }
            }
            return
        }
        var (start, count) = (0, Self.fewAtOnce)
        while true {
            let range = [String(start), String(start + count - 1)]
            let words = isList ? ["LRANGE", key] + range : ["ZRANGE", key] + range + ["REV"]
            let payloads = try redis.call(RedisCommand(words)).accepted().elements ?? []
            var bytes = 0
            for payload in payloads {
                guard let payload = payload.bytes else { continue }
                bytes += payload.count
                try take(payload)
            }
            guard payloads.count == count else { return }
            start += count
            count = min(max(Self.bytesAtOnce / max(1, bytes / count), 1), Self.mostAtOnce)
        }
    }
}
