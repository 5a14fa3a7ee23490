/// A sorted set of Redis: by score, then by the bytes of the member.
struct SortedMembers {
    struct Entry {
        let score: Double
        let member: [UInt8]
    }

    private(set) var entries: [Entry] = []

    var members: [[UInt8]] { entries.map(\.member) }

    func contains(_ member: [UInt8]) -> Bool { entries.contains { $0.member == member } }

    /// ZADD NX: false if it is a member already.
    mutating func addNew(_ member: [UInt8], _ score: Double) -> Bool {
        guard !contains(member) else { return false }
        let place = entries.firstIndex {
            $0.score > score || ($0.score == score && member.lexicographicallyPrecedes($0.member))
        }
        entries.insert(Entry(score: score, member: member), at: place ?? entries.endIndex)
        return true
    }

    /// ZADD.
    mutating func addOrMove(_ member: [UInt8], _ score: Double) {
        _ = remove(member)
        _ = addNew(member, score)
    }

    mutating func remove(_ member: [UInt8]) -> Bool {
        guard let place = entries.firstIndex(where: { $0.member == member }) else { return false }
        entries.remove(at: place)
        return true
    }

    func due(at score: Double, limit: Int) -> [Entry] {
        Array(entries.prefix { $0.score <= score }.prefix(limit))
    }

    mutating func remove(upTo score: Double) { entries.removeAll { $0.score <= score } }

    mutating func keepHighest(_ count: Int) { entries.removeFirst(max(0, entries.count - count)) }
}
