package import Insight
package import JobModel
package import Redis

/// What Redis knows of the costs of classes, over the last minutes or hours: of all processes and hosts together.
package struct CostReport: Equatable, Sendable {
    /// By name.
    package var classes: [String: ClassCost] = [:]
    /// Redis' clock.
    package var now: Timestamp
    /// From when on something is known, within what was asked for; nil if nothing is.
    package var since: Timestamp?
    /// What is known of handlers whose setting of malloc was changed, by name of the handler.
    package var malloc: [String: MallocChange] = [:]
    /// Of the time that was asked for, the newest first.
    package var incidents: [MemoryIncident] = []

    /// How long ago the oldest run began that is counted, in seconds.
    package var seconds: Double { since.map { max(1, now.seconds - $0.seconds) } ?? 0 }

    package static let longestSeconds = Double(CostFields.hours) * 3600

    /// Reads it over a blocking connection.
    ///
    /// - Parameters:
    ///   - seconds: how far back; up to an hour by the minute, beyond it by the hour, so that it can be up to an hour more.
    ///   - handlers: names of those whose malloc is asked for.
    package static func read(
        _ connection: RedisConnection, last seconds: Double, handlers: [String] = []
    ) throws(RedisError) -> CostReport {
        let first = try connection.pipeline(
            [
                RedisCommand("TIME"), RedisCommand(["ZRANGE", Keys.costClasses, "0", "-1"]), MemoryIncident.readCommand,
            ] + handlers.map { RedisCommand(["HGETALL", Keys.mallocCost($0)]) })
        guard let now = try Timestamp(redisTime: first[0].accepted()) else { throw .unreadable("TIME") }
        var report = CostReport(now: now)
        report.incidents = try MemoryIncident.read(first[2], now: now, last: seconds)
        for (handler, reply) in zip(handlers, first.dropFirst(3)) {
            report.malloc[handler] = MallocChange(try reply.accepted().textByName)
        }
        let windows = windows(last: seconds, before: now)
        let names = (try first[1].accepted().elements ?? []).compactMap(\.text)
        // A few thousand small answers at a time.
        for start in stride(from: 0, to: names.count, by: 40) {
            let some = names[start..<min(start + 40, names.count)]
            let replies = try connection.pipeline(
                some.flatMap { name in windows.map { RedisCommand(["HGETALL", $0(name)]) } })
            for (index, name) in some.enumerated() {
                try report.take(replies[(index * windows.count)..<((index + 1) * windows.count)], of: name)
            }
        }
        return report
    }

    private mutating func take(_ windows: ArraySlice<RedisReply>, of name: String) throws(RedisError) {
        for reply in windows {
            guard let (cost, began) = try CostFields.read(reply) else { continue }
            classes[name, default: ClassCost()].merge(cost)
            if let began { since = since.map { min($0, began) } ?? began }
        }
    }

    /// The keys to look at for a class, by its name. One window more than asked for, since the first is cut.
    private static func windows(last seconds: Double, before now: Timestamp) -> [(String) -> String] {
        let isShort = seconds <= Double(CostFields.minutes) * 60
        let length = isShort ? 60.0 : 3600
        let most = isShort ? CostFields.minutes : CostFields.hours
        let count = min(most, max(1, Int((seconds / length).rounded(.up)))) + 1
        return (0..<count).map { index in
            let date = CalendarDate(Timestamp(seconds: now.seconds - Double(index) * length))
            return { isShort ? Keys.minuteCost($0, date) : Keys.hourCost($0, date) }
        }
    }
}

/// What a change of malloc's setting did to a handler's memory.
package struct MallocChange: Equatable, Sendable {
    package struct Side: Equatable, Sendable {
        /// As it is written in the configuration.
        package var setting: String
        package var since: Timestamp?
        package var peaks: MallocPeaks
    }

    package var before: Side
    package var now: Side

    /// Nil if it was not changed, as far as is known.
    init?(_ fields: [String: String]) {
        func side(_ name: String) -> Side? {
            guard let setting = fields[name] else { return nil }
            func number(_ what: String) -> Int {
                max(0, min(fields["\(setting)|\(what)"].flatMap { Int($0) } ?? 0, 1 << 50))
            }
            let since = number("since")
            return Side(
                setting: setting, since: since > 0 ? Timestamp(milliseconds: Int64(since) * 1000) : nil,
                peaks: MallocPeaks(runs: number("runs"), sumKB: number("sum"), highestKB: number("peak")))
        }
        guard let before = side("before"), let now = side("now") else { return nil }
        self.before = before
        self.now = now
    }
}
