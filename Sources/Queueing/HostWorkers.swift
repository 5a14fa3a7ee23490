package import Redis

/// The workers of one service, as their records show them: together, since that is what `processes: auto` asks.
package struct HostWorkers: Equatable, Sendable {
    /// Those that fetch.
    package var count = 0
    package var slots = 0
    package var busy = 0
    /// Whether each has as many slots as it may have.
    package var isAtMost = true
    /// Whether one of them is under back-pressure.
    package var isHeld = false
    package var residentKB = 0
    /// Of the time of their runs, the share in which they wait for a core, by slots; nil if none was measured.
    package var coreWait: Double?

    package init() {}

    /// Reads them over a blocking connection.
    ///
    /// - Parameters:
    ///   - host: as identities begin.
    ///   - supervisor: the pid of their parent.
    package init(_ redis: RedisConnection, host: String, supervisor: Int32) throws(RedisError) {
        let members = try redis.call(RedisCommand(["SMEMBERS", Keys.processes])).accepted().elements ?? []
        let identities = members.compactMap(\.text).filter { $0.hasPrefix("\(host):") }.sorted()
        guard !identities.isEmpty else { return }
        let replies = try redis.pipeline(
            identities.flatMap {
                [
                    RedisCommand(["HGETALL", Keys.processRecord($0)]),
                    RedisCommand(["HGET", Keys.origin($0), "supervisor"]),
                ]
            })
        var waits = (share: 0.0, slots: 0)
        for index in identities.indices where replies[2 * index + 1].text == String(supervisor) {
            add(replies[2 * index].textByName, &waits)
        }
        if waits.slots > 0 { coreWait = waits.share / Double(waits.slots) }
    }

    private mutating func add(_ fields: [String: String], _ waits: inout (share: Double, slots: Int)) {
        func number(_ name: String) -> Int? { fields[name].flatMap { Int($0) } }
        guard let concurrency = number("concurrency") else { return }
        // One that was replaced, or is about to end.
        guard fields["quiet"] != "true" else { return }
        count += 1
        slots += concurrency - min(concurrency, max(0, number("written_off") ?? 0))
        busy += number("busy") ?? 0
        if let most = number("concurrency_max"), concurrency < most { isAtMost = false }
        if fields["held"]?.isEmpty == false { isHeld = true }
        residentKB += min(max(0, number("rss") ?? 0), 1 << 50)
        guard let wait = number("core_wait_permille") else { return }
        waits.share += Double(wait) / 1000 * Double(concurrency)
        waits.slots += concurrency
    }
}
