/// Names one timer of one heap; stale after it fired or was cancelled, and never valid again.
package struct TimerID: Hashable, Sendable {
    fileprivate let slot: UInt32
    fileprivate let generation: UInt32
}

/// Things to be done at given times: a binary heap of times over slots that hold the things.
///
/// Adding and taking cost O(log n), cancelling O(1): a cancelled entry stays in the heap until it comes up or until
/// such entries are the majority.
package struct TimerHeap<Value> {
    private struct Entry {
        let time: MonotonicTime
        let sequence: UInt64
        let id: TimerID

        // Equal times keep the order in which they were added.
        func isBefore(_ other: Entry) -> Bool { (time, sequence) < (other.time, other.sequence) }
    }

    private struct Slot {
        var value: Value?
        var generation: UInt32 = 0
    }

    private var heap: [Entry] = []
    private var slots: [Slot] = []
    private var freeSlots: [UInt32] = []
    private(set) var nextSequence: UInt64 = 0

    package init() {}

    /// How many timers are neither taken nor cancelled.
    package var count: Int { slots.count - freeSlots.count }

    package mutating func add(_ value: Value, at time: MonotonicTime) -> TimerID {
        let index = freeSlots.popLast() ?? UInt32(slots.count)
        if index == slots.count { slots.append(Slot()) }
        slots[Int(index)].value = value
        let id = TimerID(slot: index, generation: slots[Int(index)].generation)
        heap.append(Entry(time: time, sequence: nextSequence, id: id))
        nextSequence += 1
        siftUp(from: heap.count - 1)
        return id
    }

    /// Forgets a timer. Without effect if it was taken or cancelled before.
    package mutating func cancel(_ id: TimerID) {
        guard take(id) != nil else { return }
        // 64: below that a rebuild saves nothing.
        if heap.count > 64, heap.count > 2 * count { rebuild() }
    }

    /// When the first timer is due; `.never` without timers.
    package mutating func nextTime() -> MonotonicTime {
        dropCancelled()
        return heap.first?.time ?? .never
    }

    /// Takes the first timer that is due at `now` and was added before the given sequence number.
    package mutating func takeDue(at now: MonotonicTime, addedBefore sequence: UInt64 = .max) -> Value? {
        dropCancelled()
        guard let first = heap.first, first.time <= now, first.sequence < sequence else { return nil }
        removeFirst()
        return take(first.id)
    }

    private func isLive(_ id: TimerID) -> Bool { slots[Int(id.slot)].generation == id.generation }

    private mutating func take(_ id: TimerID) -> Value? {
        guard id.slot < slots.count, isLive(id) else { return nil }
        let value = slots[Int(id.slot)].value
        slots[Int(id.slot)].value = nil
        slots[Int(id.slot)].generation &+= 1
        freeSlots.append(id.slot)
        return value
    }

    private mutating func dropCancelled() {
        while let first = heap.first, !isLive(first.id) { removeFirst() }
    }

    private mutating func rebuild() {
        heap = heap.filter { isLive($0.id) }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(from: index) }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(from: 0)
    }

    private mutating func siftUp(from start: Int) {
        var index = start
        while index > 0, heap[index].isBefore(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(from start: Int) {
        var index = start
        while true {
            var first = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].isBefore(heap[first]) {
                first = child
            }
            guard first != index else { return }
            heap.swapAt(index, first)
            index = first
        }
    }
}
