package import Insight
package import JobModel
package import Redis

/// The classes that are kept apart, in Redis: one hash for all workers of all hosts, and one of how often each was in it.
package enum IsolatedClasses {
    /// How long it is remembered that a class was isolated.
    private static let keptSeconds = 30 * 86_400

    package static var listCommand: RedisCommand { RedisCommand(["HGETALL", Keys.isolated]) }
    package static var timesCommand: RedisCommand { RedisCommand(["HGETALL", Keys.isolatedTimes]) }

    /// By class; what another version wrote that this one cannot read is left out.
    package static func list(_ reply: RedisReply) throws(RedisError) -> [JobClass: Isolation] {
        var list: [JobClass: Isolation] = [:]
        for (field, value) in try reply.accepted().pairs ?? [] {
            guard let name = field.bytes, let json = value.bytes, let isolation = Isolation(json: json) else {
                continue
            }
            list[JobClass(bytes: name)] = isolation
        }
        return list
    }

    package static func times(_ reply: RedisReply) throws(RedisError) -> [JobClass: Int] {
        var times: [JobClass: Int] = [:]
        for (field, value) in try reply.accepted().pairs ?? [] {
            guard let name = field.bytes, let count = value.integer else { continue }
            times[JobClass(bytes: name)] = max(0, min(count, 1 << 20))
        }
        return times
    }

    /// - Parameter isNew: it counts as once more.
    package static func putCommands(_ name: JobClass, _ isolation: Isolation, isNew: Bool) -> [RedisCommand] {
        var put = RedisCommand(["HSET", Keys.isolated])
        put.add(name.bytes)
        put.add(isolation.json)
        guard isNew else { return [put] }
        var count = RedisCommand(["HSET", Keys.isolatedTimes])
        count.add(name.bytes)
        count.add(isolation.times)
        return [put, count, RedisCommand(["EXPIRE", Keys.isolatedTimes, String(keptSeconds)])]
    }

    package static func removeCommand(_ name: JobClass) -> RedisCommand {
        var remove = RedisCommand(["HDEL", Keys.isolated])
        remove.add(name.bytes)
        return remove
    }
}

extension Isolation {
    /// An object with the members of the type, in snake case.
    var json: [UInt8] {
        var json = Array("{\"handler\":".utf8) + JSONText.quote(handler)
        json += Array(",\"since\":\(since),\"reason\":".utf8) + JSONText.quote(reason)
        json += Array(",\"host\":".utf8) + JSONText.quote(host)
        json += Array(",\"times\":\(times),\"last_cliff\":\(lastCliff)}".utf8)
        return json
    }

    /// Nil for what is none.
    init?(json: [UInt8]) {
        guard let object = try? JSONObject(scanning: json), let handler = object.string("handler"),
            let since = object.integer("since")
        else { return nil }
        self.init(
            handler: handler, since: Self.milliseconds(since), reason: object.string("reason") ?? "",
            host: object.string("host") ?? "", times: max(1, min(object.integer("times") ?? 1, 1 << 20)),
            lastCliff: Self.milliseconds(object.integer("last_cliff") ?? since))
    }

    /// Anybody may have written it: what is computed from it must not overflow.
    private static func milliseconds(_ written: Int) -> Int64 { Int64(max(0, min(written, 1 << 53))) }
}
