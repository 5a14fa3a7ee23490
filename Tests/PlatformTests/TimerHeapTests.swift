import Platform
import TestSupport
import Testing

@Suite("Timers")
struct TimerHeapTests {
    private func time(_ number: Int) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(number)) }

    @Test("whatever is added and cancelled, the rest comes in order", arguments: [1, 2, 3])
    func order(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var heap = TimerHeap<Int>()
        var live: [Int: (id: TimerID, time: Int)] = [:]
        for number in 0..<2000 {
            let due = Int.random(in: 0..<500, using: &random)
            live[number] = (heap.add(number, at: time(due)), due)
            if Int.random(in: 0..<3, using: &random) > 0, let victim = live.keys.min(), let id = live[victim]?.id {
                heap.cancel(id)
                heap.cancel(id)
                live[victim] = nil
            }
        }
        #expect(heap.count == live.count)
        let expected = live.sorted { ($0.value.time, $0.key) < ($1.value.time, $1.key) }.map(\.key)
        var taken: [Int] = []
        while let value = heap.takeDue(at: time(1000)) { taken.append(value) }
        #expect(taken == expected)
        #expect(heap.nextTime() == .never)
    }

    @Test("a stale name never cancels another timer")
    func staleID() {
        var heap = TimerHeap<String>()
        let first = heap.add("first", at: time(1))
        #expect(heap.takeDue(at: time(1)) == "first")
        _ = heap.add("second", at: time(2))
        heap.cancel(first)
        #expect(heap.takeDue(at: time(2)) == "second")
    }

    @Test("nothing comes before its time")
    func notEarly() {
        var heap = TimerHeap<Int>()
        _ = heap.add(1, at: time(10))
        #expect(heap.takeDue(at: time(9)) == nil)
        #expect(heap.nextTime() == time(10))
        #expect(heap.takeDue(at: time(10)) == 1)
    }

    @Test("instants neither overflow nor leave never")
    func arithmetic() {
        let now = MonotonicTime.now()
        #expect(now.advanced(bySeconds: .infinity) == .never)
        #expect(now.advanced(bySeconds: 1e300) == .never)
        #expect(MonotonicTime.never.advanced(bySeconds: -5) == .never)
        #expect(now.advanced(bySeconds: 1.5).seconds(since: now) == 1.5)
        #expect(now.advanced(bySeconds: -1.5).seconds(since: now) == -1.5)
        #expect(MonotonicTime.never.seconds(since: now) == .infinity)
        #expect(MonotonicTime.bootTime() >= now)
    }
}
