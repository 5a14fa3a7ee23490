/// What is to happen, the earliest first; what is due at the same instant comes in the order in which it was added.
struct EventHeap {
    /// Where an event's action lies. Without the action itself, so that moving one about costs no reference counting.
    private struct Event {
        let time: Int64
        let order: Int
        let place: Int

        static func < (left: Event, right: Event) -> Bool {
            left.time == right.time ? left.order < right.order : left.time < right.time
        }
    }

    private var events: [Event] = []
    private var actions: [(() -> Void)?] = []
    private var free: [Int] = []
    private var added = 0

    mutating func add(at time: Int64, _ action: @escaping () -> Void) {
        added += 1
        let event = Event(time: time, order: added, place: keep(action))
        events.append(event)
        var child = events.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard event < events[parent] else { break }
            events[child] = events[parent]
            child = parent
        }
        events[child] = event
    }

    mutating func next() -> (time: Int64, action: () -> Void)? {
        guard let first = events.first, let last = events.popLast() else { return nil }
        if !events.isEmpty { sink(last) }
        guard let action = actions[first.place] else { preconditionFailure("an event has its action until it is due") }
        actions[first.place] = nil
        free.append(first.place)
        return (first.time, action)
    }

    /// Puts an event in at the top, which is vacant, and lets it down to where it belongs.
    private mutating func sink(_ event: Event) {
        let count = events.count
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < count else { break }
            if child + 1 < count, events[child + 1] < events[child] { child += 1 }
            guard events[child] < event else { break }
            events[parent] = events[child]
            parent = child
        }
        events[parent] = event
    }

    private mutating func keep(_ action: @escaping () -> Void) -> Int {
        guard let place = free.popLast() else {
            actions.append(action)
            return actions.count - 1
        }
        actions[place] = action
        return place
    }
}
