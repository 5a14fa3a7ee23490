import Insight

/// Memory incidents on their way to Redis. What was sent and not answered is sent again over the next connection: it may then
/// stand there twice, and whoever reads takes equal ones for one.
struct IncidentOutbox {
    /// More than this while Redis is away are one and the same story.
    static let most = 100

    private var waiting: [MemoryIncident] = []
    /// How many of these, from the first, were sent over the connection there is now.
    private var sent = 0

    mutating func add(_ incident: MemoryIncident) {
        if waiting.count < Self.most { waiting.append(incident) }
    }

    /// Those that have not been sent yet.
    mutating func take() -> [MemoryIncident] {
        defer { sent = waiting.count }
        return Array(waiting[sent...])
    }

    /// So many were answered, the oldest of those that were sent.
    mutating func answered(_ count: Int) {
        let count = min(count, sent)
        waiting.removeFirst(count)
        sent -= count
    }

    mutating func linkLost() { sent = 0 }
}
