import Configuration
import Testing

@testable import Worker

@Suite("Runs that take too long")
struct SlowRunsTests {
    /// Looks once a second, from second to second, at runs that began at the given seconds; limit 60 s.
    private struct Watch {
        var slow = SlowRuns()
        /// Slot -> when its run began, and the number of its reservation.
        var running: [Int: (since: Double, sequence: UInt64)] = [:]
        var told: [(second: Double, slot: Int)] = []
        var others = 0
        var limit = 60.0

        mutating func look(from first: Int, to last: Int, every step: Int = 1) {
            for second in stride(from: first, through: last, by: step) {
                let now = Double(second) + 0.3
                let sights = running.compactMap { slot, run -> SlowRuns.Sight? in
                    let seconds = now - run.since
                    guard seconds >= limit else { return nil }
                    return SlowRuns.Sight(slot: slot, sequence: run.sequence, seconds: seconds, limit: limit)
                }
                let answer = slow.look(at: sights)
                told += answer.told.map { (Double(second), $0.slot) }
                others += answer.others
            }
        }
    }

    @Test("a run is told of when it passes its limit, and each time it has taken twice as long")
    func doubling() {
        var watch = Watch()
        watch.running[3] = (0, 7)
        watch.look(from: 0, to: 1000)
        #expect(watch.told.map(\.second) == [60, 120, 240, 480, 960])
        #expect(watch.told.allSatisfy { $0.slot == 3 })
        #expect(watch.slow.count == 1)
        #expect(watch.slow.contains(slot: 3) && !watch.slow.contains(slot: 2))
    }

    @Test("one that hangs for weeks is told of once a day")
    func daily() {
        var watch = Watch()
        watch.running[0] = (0, 1)
        let day = 86_400
        watch.look(from: 0, to: 20 * day, every: 60)
        let lastWeek = watch.told.filter { $0.second >= Double(13 * day) && $0.second < Double(20 * day) }
        #expect(lastWeek.count == 7)
    }

    @Test("a look that comes late tells once, and at the same times afterwards")
    func late() {
        var watch = Watch()
        watch.running[0] = (0, 1)
        watch.look(from: 500, to: 1000)
        #expect(watch.told.map(\.second) == [500, 960])
    }

    @Test("runs that end in time are never told of, nor are they when they end")
    func quick() {
        var watch = Watch()
        for round in 0..<10 {
            watch.running[0] = (Double(round * 50), UInt64(round))
            watch.look(from: round * 50, to: round * 50 + 49)
            let wasSlow = watch.slow.ended(slot: 0)
            #expect(!wasSlow)
        }
        #expect(watch.told.isEmpty)
    }

    @Test("the end of a slow run is told once, and the next run in its slot is another one")
    func ended() {
        var watch = Watch()
        watch.running[0] = (0, 1)
        watch.look(from: 0, to: 100)
        let wasSlow = [watch.slow.ended(slot: 0), watch.slow.ended(slot: 0)]
        #expect(wasSlow == [true, false])
        #expect(watch.slow.count == 0)
        watch.running[0] = (100, 2)
        watch.look(from: 101, to: 300)
        #expect(watch.told.map(\.second) == [60, 160, 220])
    }

    @Test("a run whose end nobody saw is forgotten with its slot's next look")
    func unseenEnd() {
        var watch = Watch()
        watch.running[0] = (0, 1)
        watch.look(from: 0, to: 100)
        watch.running[0] = nil
        watch.look(from: 101, to: 101)
        #expect(watch.slow.count == 0)
    }

    @Test("when everything hangs, the oldest twenty are told of and the others counted")
    func everything() {
        var watch = Watch()
        for slot in 0..<100 { watch.running[slot] = (Double(slot) / 100, UInt64(slot)) }
        watch.look(from: 62, to: 62)
        #expect(watch.told.map(\.slot) == Array(0..<20))
        #expect(watch.others == 80)
        #expect(watch.slow.count == 100)
        watch.look(from: 63, to: 110)
        #expect(watch.told.count == 20)
    }

    @Test("a handler's own limit wins over that of the file, and 0 turns it off")
    func limits() {
        func handler(_ name: String, _ slow: Double?) -> HandlerSettings {
            HandlerSettings(name: name, command: ["x"], executable: "/x", classes: [], slow: slow, directory: "/")
        }
        func limits(_ slow: Double, _ handlers: HandlerSettings...) -> SlowRuns.Limits {
            SlowRuns.Limits(Settings(file: "/f", directory: "/", slow: slow, queues: [], handlers: handlers))
        }
        let some = limits(60, handler("a", nil), handler("b", 600), handler("c", 0))
        #expect(some["a"] == 60 && some["b"] == 600 && some["c"] == .infinity)
        #expect(some.least == 60)
        let off = limits(0, handler("a", nil), handler("b", 5))
        #expect(off["a"] == .infinity && off["b"] == 5 && off.least == 5)
        #expect(limits(0, handler("a", nil)).least == .infinity)
    }
}
