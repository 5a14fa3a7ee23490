internal import JobModel
package import Redis

/// A walk through one place, a slice at a time, which transfers only what may be meant and never holds Redis for long.
package struct JobScan {
    package enum Order: Sendable {
        /// Whoever lies there all the time is met, whatever comes and goes; some may be met twice.
        case complete
        /// What is fetched, due or retried next comes first; of the dead the newest.
        case nextFirst
        /// The other way round.
        case nextLast
    }

    /// Of a list: between which entries, as LRANGE counts, those of the last slice lie now at the latest.
    package struct Window: Equatable, Sendable {
        var first: Int
        var last: Int

        /// How far they are from the end that is counted from: as long takes Redis to come to each.
        var distance: Int { first < 0 ? -last : first }
    }

    /// Entries of a queue that one step looks at, and about how many bytes. See docs/reference/cli.md for how long that takes.
    static let listStep = (entries: 500, bytes: 1 << 20)
    /// Members of a sorted set that one step looks at.
    static let setStep = 1000
    /// So many pushes or fetches between looking and acting do not hide an entry from a window.
    private static let slack = 500

    private let place: JobPlace
    private let order: Order
    private let words: [String]
    private let redis: RedisConnection
    private var position = 0
    private var cursor: [UInt8]? = Array("0".utf8)
    private var isAtEnd = false
    private var pageSize = 50
    package private(set) var window: Window?

    /// - Parameters:
    ///   - place: no reservations; see `HeldJob`.
    ///   - words: entries that hold none of them are passed over; without any all are meant. Of a sorted set: at most one.
    package init(_ place: JobPlace, _ order: Order = .complete, words: [String] = [], over redis: RedisConnection) {
        self.place = place
        self.order = order
        self.words = words
        self.redis = redis
    }

    /// The next entries, possibly none; nil at the end.
    package mutating func next() throws(RedisError) -> [JobEntry]? {
        if isAtEnd { return nil }
        if place.isList { return try nextOfList() }
        if order == .complete { return try nextOfSet() }
        return words.isEmpty ? try nextByRank() : try allByScore()
    }

    /// So many entries of the last slice are gone: those behind them have moved up.
    package mutating func note(removed: Int) { if place.isList { position = max(0, position - removed) } }

    private mutating func nextOfList() throws(RedisError) -> [JobEntry] {
        let isLeft = order != .nextFirst
        var command = RedisCommand(running: Scripts.slice, keys: [place.key])
        command.add(isLeft ? "left" : "right")
        command.add(position)
        command.add(Self.listStep.entries)
        command.add(Self.listStep.bytes)
        for word in words { command.add(word) }
        guard let parts = try redis.call(command).accepted().elements, parts.count == 3, let looked = parts[0].integer,
            let end = parts[1].integer, let found = parts[2].pairs
        else { throw .unreadable("slice") }
        window =
            isLeft
            ? Window(first: position, last: position + looked + Self.slack)
            : Window(first: -(position + looked), last: -max(1, position + 1 - Self.slack))
        position += looked
        isAtEnd = end == 1
        return found.compactMap { $0.value.bytes.map { JobEntry(place: place, payload: $0) } }
    }

    private mutating func nextOfSet() throws(RedisError) -> [JobEntry] {
        var command = RedisCommand(["ZSCAN", place.key])
        command.add(cursor ?? [])
        if let word = words.first {
            command.add("MATCH")
            command.add("*\(Self.literally(word))*")
        }
        command.add("COUNT")
        command.add(Self.setStep)
        guard let parts = try redis.call(command).accepted().elements, parts.count == 2, let next = parts[0].bytes,
            let found = parts[1].pairs
        else { throw .unreadable("ZSCAN") }
        cursor = next
        isAtEnd = next == Array("0".utf8)
        return entries(found)
    }

    private mutating func nextByRank() throws(RedisError) -> [JobEntry] {
        let isReverse = (order == .nextFirst) == (place == .dead)
        let range = [String(position), String(position + pageSize - 1)] + (isReverse ? ["REV"] : []) + ["WITHSCORES"]
        let found = try redis.call(RedisCommand(["ZRANGE", place.key] + range)).accepted().pairs ?? []
        isAtEnd = found.count < pageSize
        position += found.count
        let bytes = found.reduce(0) { $0 + ($1.name.bytes?.count ?? 0) }
        pageSize = min(max(Self.listStep.bytes / max(1, bytes / max(1, found.count)), 1), Self.setStep)
        return entries(found)
    }

    private mutating func allByScore() throws(RedisError) -> [JobEntry] {
        var all: [JobEntry] = []
        var met: Set<[UInt8]> = []
        while !isAtEnd { all += try nextOfSet().filter { met.insert($0.payload).inserted } }
        let isReverse = (order == .nextFirst) == (place == .dead)
        all.sort { ($0.score ?? 0, 0) < ($1.score ?? 0, 0) }
        return isReverse ? all.reversed() : all
    }

    private func entries(_ pairs: [(name: RedisReply, value: RedisReply)]) -> [JobEntry] {
        pairs.compactMap { member, score in
            member.bytes.map { JobEntry(place: place, payload: $0, score: score.number) }
        }
    }

    /// A text as a pattern of MATCH that stands for itself.
    static func literally(_ text: String) -> String {
        text.reduce(into: "") { pattern, character in
            if "*?[]\\^-".contains(character) { pattern.append("\\") }
            pattern.append(character)
        }
    }
}
