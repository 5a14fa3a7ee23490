import JobModel
import Platform
import Queueing

/// A set of queues with slots of its own, within a worker: its jobs never wait for a slot of another.
struct Capsule: Sendable {
    /// Of the worker's slots, which. Those of the first capsule come first.
    let slots: Range<Int>
    let order: QueueOrder
    /// The last is taken next.
    var idle: [Int]
    /// Slots in use at the most; the others stay idle.
    private(set) var limit: Int
    var waiting = WaitingLine()
    var prefetch: Prefetch
    var mayHaveWork = true
    /// Fetches in a row that brought all that was asked for.
    private(set) var fullFetches = 0
    /// Fetches that brought less, since ever.
    private(set) var shortFetches = 0

    init(_ terms: WorkerState.Terms.Capsule, firstSlot: Int, _ tuning: WorkerState.Tuning, now: MonotonicTime) {
        slots = firstSlot..<firstSlot + terms.slots
        order = terms.order
        idle = slots.reversed()
        limit = terms.slots
        prefetch = Prefetch(slots: terms.slots, horizonSeconds: tuning.prefetchSeconds, now: now)
    }

    /// Slots that may be taken: idle ones, as far as the limit goes.
    var room: Int { max(0, idle.count - (slots.count - limit)) }

    func serves(_ queue: QueueName) -> Bool { order.names.contains(queue) }

    mutating func limit(to number: Int) {
        let before = limit
        limit = max(1, min(number, slots.count))
        prefetch.limit(toSlots: limit)
        if limit > before { mayHaveWork = true }
    }

    /// Jobs to ask for: what free slots can take, and a little more while jobs are short.
    ///
    /// - Parameter adopting: jobs that are on their way to it.
    mutating func wanted(adopting: Int, now: MonotonicTime) -> Int {
        let wanted = room + prefetch.depth(now: now) - waiting.count - adopting
        return max(0, min(wanted, prefetch.batch))
    }

    /// Notes whether a fetch brought all that was asked for: then there may be more.
    mutating func learn(isFull: Bool) {
        mayHaveWork = isFull
        fullFetches = isFull ? fullFetches + 1 : 0
        if !isFull { shortFetches += 1 }
    }

    mutating func forgetFetches() {
        mayHaveWork = true
        fullFetches = 0
    }
}

extension WorkerState {
    static func capsules(_ terms: Terms, now: MonotonicTime) -> [Capsule] {
        var first = 0
        return terms.capsules.map { capsule in
            defer { first += capsule.slots }
            return Capsule(capsule, firstSlot: first, terms.tuning, now: now)
        }
    }

    /// Slots in use at the most.
    package var limit: Int { capsules.reduce(0) { $0 + $1.limit } }

    /// Jobs that wait for a slot.
    var waitingIDs: [ReservationID] { capsules.flatMap(\.waiting.ids) }

    /// Whether there is a free slot that nothing is on its way to.
    package var wantsJobs: Bool {
        isFetching && capsules.indices.contains { capsules[$0].room > capsules[$0].waiting.count + adopting(for: $0) }
    }

    func capsule(of slot: Int) -> Int {
        capsules.count == 1 ? 0 : capsules.firstIndex { $0.slots.contains(slot) } ?? 0
    }

    /// Where a job of this queue is started soonest: several capsules may serve it.
    func capsule(for queue: QueueName) -> Int {
        guard capsules.count > 1 else { return 0 }
        func spare(_ index: Int) -> Int { capsules[index].room - capsules[index].waiting.count }
        return capsules.indices.filter { capsules[$0].serves(queue) }.max { spare($0) < spare($1) } ?? 0
    }

    /// How many of the jobs that are read go to a capsule, as it looks now.
    func adopting(for capsule: Int) -> Int {
        guard capsules.count > 1, !adopting.isEmpty else { return adopting.count }
        return adopting.count { self.capsule(for: $0.queue) == capsule }
    }

    /// The next job that a capsule can start: of its own, or else one of a queue it serves that waits for another's slot.
    mutating func takeWaiting(for index: Int) -> Reservation? {
        if let own = capsules[index].waiting.takeFirst() { return own }
        guard capsules.count > 1 else { return nil }
        for other in capsules.indices where other != index {
            let order = capsules[index].order
            if let reservation = capsules[other].waiting.takeFirst(of: order.names) { return reservation }
        }
        return nil
    }

    /// There may be something in any queue.
    mutating func lookAgain() {
        for index in capsules.indices { capsules[index].mayHaveWork = true }
    }
}
