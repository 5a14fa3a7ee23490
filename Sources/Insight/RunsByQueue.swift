/// From which queues runs came, and how many from each: a few queues by name, the rest together.
package struct RunsByQueue: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package var queue: String
        package var runs: Int
    }

    /// A class nearly always comes from one or two queues; whoever makes up names of queues must not fill the memory.
    package static let most = 8
    /// What comes from a ninth queue on.
    package static let others = ""

    /// In the order in which they came first.
    package private(set) var entries: [Entry] = []

    package init() {}

    /// The largest first.
    package var sorted: [Entry] { entries.sorted { ($1.runs, $0.queue) < ($0.runs, $1.queue) } }
    package var total: Int { entries.reduce(0) { $0 + $1.runs } }

    package mutating func add(_ runs: Int = 1, from queue: String) {
        guard runs > 0 else { return }
        // Nearly always the first one.
        if let index = entries.firstIndex(where: { $0.queue == queue }) {
            entries[index].runs += runs
        } else if entries.count < Self.most || queue == Self.others {
            entries.append(Entry(queue: queue, runs: runs))
        } else {
            add(runs, from: Self.others)
        }
    }

    package mutating func merge(_ other: RunsByQueue) {
        for entry in other.entries { add(entry.runs, from: entry.queue) }
    }

    package static func == (left: RunsByQueue, right: RunsByQueue) -> Bool { left.sorted == right.sorted }
}
