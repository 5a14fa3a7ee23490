/// How many worker processes a host runs, found by what it measures: `processes: auto`.
///
/// One more when a queue breaks its promise or nearly does; without promises, when every worker has all the slots it may have,
/// all taken, and jobs wait. Only while all slots are taken, and with room on the CPU and in memory: otherwise another worker
/// would help nobody. One fewer when for minutes the others could have done all of it with ease.
package struct ProcessControl: Sendable {
    /// What is seen of this host at one look.
    package struct Sight: Equatable, Sendable {
        /// Of a clock that never goes back.
        package var seconds: Double
        /// Workers of this service that fetch.
        package var workers = 0
        /// Of all of them together.
        package var slots = 0
        package var busy = 0
        /// Whether each has as many slots as it may have.
        package var isAtMost = false
        /// Why one of them fetches nothing, if so.
        package var isHeld = false
        /// Jobs that wait.
        package var backlog = 0
        /// How long the first job of a queue has waited, in parts of what was promised: the worst; nil without promises.
        package var lateness: Double?
        /// Which queue that is, and its figures, for the log.
        package var latest = ""
        /// The share of all cores that is busy; nil if nobody knows.
        package var cpu: Double?
        /// Of the time of runs, the share in which they wait for a core; nil if none was measured.
        package var coreWait: Double?
        /// The share of memory that is available, the one that is little, and what a worker and its handlers take.
        package var availableMemory: Double?
        package var littleMemory = 0.0
        package var workerMemory = 0.0

        package init(seconds: Double) { self.seconds = seconds }
    }

    package struct Change: Equatable, Sendable, CustomStringConvertible {
        package let from: Int
        package let to: Int
        package let reason: String

        package var description: String { "processes \(from) -> \(to): \(reason)" }
    }

    /// From here on a promise is nearly broken.
    private static let near = 0.8
    /// This share of all slots is as good as all.
    private static let full = 0.9
    private static let fullCPU = 0.9
    /// Runs that wait less for a core have room on a CPU that is full: what fills it yields to them.
    private static let promptShare = 0.1
    /// So long it has to be so: of a promise, and of a backlog alone.
    private static let promiseSeconds = 4.0
    private static let backlogSeconds = 15.0
    /// After a change, until its effect is seen.
    private static let settleSeconds = 20.0
    /// So long the others have to suffice, with so much of their slots.
    private static let spareSeconds = 180.0
    private static let ease = 0.6

    private let range: ClosedRange<Int>
    /// Nil before the first look: a scheduler that was restarted finds what there is.
    package private(set) var wanted: Int?
    private var pressedSince: Double?
    private var spareSince: Double?
    private var settledAt = -Double.infinity

    package init(_ range: ClosedRange<Int>) { self.range = range }

    /// Takes in one look, every few seconds.
    package mutating func look(at sight: Sight) -> Change? {
        guard sight.workers > 0 else { return nil }
        let present = wanted ?? min(max(sight.workers, range.lowerBound), range.upperBound)
        wanted = present
        // One that starts, or ends, changes what is measured.
        guard sight.workers == present, sight.seconds >= settledAt else {
            (pressedSince, spareSince) = (nil, nil)
            return nil
        }
        if let change = grow(present, sight) { return change }
        return shrink(present, sight)
    }

    private mutating func grow(_ present: Int, _ sight: Sight) -> Change? {
        let isFull = Double(sight.busy) >= Self.full * Double(sight.slots) && sight.backlog > 0
        let isLate = sight.lateness.map { $0 >= Self.near } ?? sight.isAtMost
        guard present < range.upperBound, isFull, isLate, hasRoom(sight) else {
            pressedSince = nil
            return nil
        }
        let since = pressedSince ?? sight.seconds
        pressedSince = since
        let needed = sight.lateness == nil ? Self.backlogSeconds : Self.promiseSeconds
        guard sight.seconds - since >= needed else { return nil }
        let reason =
            sight.lateness == nil
            ? "\(sight.backlog) jobs wait, and all \(sight.slots) slots have been taken for \(Int(needed)) s"
            : sight.latest
        return change(to: present + 1, reason, sight)
    }

    private func hasRoom(_ sight: Sight) -> Bool {
        guard !sight.isHeld else { return false }
        let isPrompt = sight.coreWait.map { $0 < Self.promptShare } ?? false
        guard let cpu = sight.cpu, cpu < Self.fullCPU || isPrompt else { return false }
        guard let available = sight.availableMemory else { return true }
        return available - sight.workerMemory >= 1.2 * sight.littleMemory
    }

    private mutating func shrink(_ present: Int, _ sight: Sight) -> Change? {
        let others = Double(sight.slots) * Double(present - 1) / Double(present)
        let isIdle =
            Double(sight.busy) <= Self.ease * others && (sight.lateness ?? 0) < Self.near / 2
            && sight.backlog <= sight.slots
        guard present > range.lowerBound, isIdle else {
            spareSince = nil
            return nil
        }
        let since = spareSince ?? sight.seconds
        spareSince = since
        guard sight.seconds - since >= Self.spareSeconds else { return nil }
        return change(
            to: present - 1,
            "for \(Int(Self.spareSeconds / 60)) minutes no more than \(Int(Self.ease * 100)) % of the others' slots were taken",
            sight)
    }

    private mutating func change(to number: Int, _ reason: String, _ sight: Sight) -> Change? {
        defer {
            wanted = number
            (pressedSince, spareSince) = (nil, nil)
            settledAt = sight.seconds + Self.settleSeconds
        }
        return wanted.map { Change(from: $0, to: number, reason: reason) }
    }
}
