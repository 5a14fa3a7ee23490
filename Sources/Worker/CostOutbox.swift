import Configuration
import Insight
import JobModel
import Queueing
import Redis

/// Costs on their way to Redis, in parcels that are added there once. What was sent and not answered is sent again over the
/// next connection, as it was; what is counted meanwhile stays with the tally until then, so no more than a few parcels
/// wait here however long Redis is away.
struct CostOutbox {
    private let identity: String
    /// The setting of malloc, by handler.
    private let malloc: [String: String]
    private var lastNumber = 0
    /// Not answered, in the order of their numbers.
    private var waiting: [CostParcel] = []
    /// How many of these, from the first, were sent over the connection there is now.
    private var sent = 0

    init(_ plan: WorkerPlan) {
        let malloc = plan.settings.handlers.map { ($0.name, $0.malloc.text) }
        self.init(identity: plan.identity, malloc: Dictionary(malloc) { first, _ in first })
    }

    init(identity: String, malloc: [String: String]) {
        self.identity = identity
        self.malloc = malloc
    }

    /// What to send now: what has to be sent again, and, if there is nothing of that, what is taken out of the tally.
    ///
    /// - Parameter isLast: there will be no other time: both.
    mutating func parcels(from tally: inout Tally, at now: Timestamp, isLast: Bool = false) -> [CostParcel] {
        if isLast || sent == waiting.count, let costs = tally.takeCosts() { pack(costs, at: now) }
        defer { sent = waiting.count }
        return Array(waiting[sent...])
    }

    /// The answer came. What Redis refuses for now is sent again, what it refuses for good is given up.
    mutating func answered(_ number: Int, refusal: RedisRefusal?) {
        guard let index = waiting.firstIndex(where: { $0.number == number }) else { return }
        switch refusal?.meaning {
        case .later, .elsewhere: sent = min(sent, index)
        case nil, .barred, .command:
            waiting.remove(at: index)
            sent -= index < sent ? 1 : 0
        }
    }

    mutating func linkLost() { sent = 0 }

    private mutating func pack(_ costs: Tally.Costs, at now: Timestamp) {
        let sorted = costs.classes.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
        for start in stride(from: 0, to: sorted.count, by: CostParcel.mostClasses) {
            lastNumber += 1
            waiting.append(
                CostParcel(
                    identity: identity, number: lastNumber, at: now, since: costs.since,
                    classes: sorted[start..<min(start + CostParcel.mostClasses, sorted.count)].map {
                        CostParcel.ClassEntry(name: $0.key.text, cost: $0.value)
                    },
                    handlers: start > 0 ? [] : handlers(costs.peaks)))
        }
    }

    private func handlers(_ peaks: [String: MallocPeaks]) -> [CostParcel.MallocEntry] {
        peaks.sorted { $0.key < $1.key }.compactMap { handler, peaks in
            malloc[handler].map { CostParcel.MallocEntry(handler: handler, setting: $0, peaks: peaks) }
        }
    }
}
