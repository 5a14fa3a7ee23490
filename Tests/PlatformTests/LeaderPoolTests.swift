import Glibc
import Platform
import Testing

@Suite("A pool of threads that lead in turn")
struct LeaderPoolTests {
    /// What the turns of a test's pool count; touched by the leader only, or under the monitor's lock.
    private final class Desk: Sendable {
        let pool: LeaderPool
        let wakes = Monitor(0)
        let ended = Monitor<[Int]>([])

        init(limit: Int, bound: Int) {
            let wakes = self.wakes
            pool = LeaderPool(name: "pool", limit: limit, bounds: [.spawn: bound]) {
                wakes.withLock { $0 += 1 }
                wakes.notify()
            }
        }

        /// One turn: waits for a wake-up like an event loop, then calls completions.
        func turn(until count: Int) -> Bool {
            if ended.withLock({ $0.count }) == count { return false }
            _ = wakes.wait(until: .now().advanced(bySeconds: 0.05)) { $0 > 0 ? $0 : nil }
            wakes.withLock { $0 = 0 }
            pool.runCompletions()
            return true
        }

        func submit(_ number: Int, _ body: @escaping @Sendable () -> Void) {
            pool.submit(.spawn) { [ended] in
                body()
                return { ended.withLock { $0.append(number) } }
            }
        }
    }

    @Test("work that blocks is done by several threads while another goes on leading", .timeLimit(.minutes(1)))
    func leadingGoesOn() {
        let desk = Desk(limit: 4, bound: 3)
        let together = Monitor(0)
        for number in 0..<3 {
            desk.submit(number) {
                // Ends only when all three are at work at the same time, each in a thread of its own.
                together.withLock { $0 += 1 }
                together.notifyAll()
                _ = together.wait { $0 >= 3 ? true : nil }
            }
        }
        desk.pool.run { desk.turn(until: 3) }
        #expect(desk.ended.withLock { $0.sorted() } == [0, 1, 2])
        #expect(desk.pool.census().threads == 4)
    }

    @Test("no more pieces of a kind block at a time than its bound allows", .timeLimit(.minutes(1)))
    func bounded() {
        let desk = Desk(limit: 8, bound: 2)
        let atWork = Monitor((now: 0, most: 0))
        for number in 0..<20 {
            desk.submit(number) {
                atWork.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                sched_yield()
                atWork.withLock { $0.now -= 1 }
            }
        }
        desk.pool.run { desk.turn(until: 20) }
        #expect(desk.ended.withLock { $0.sorted() } == Array(0..<20))
        #expect(atWork.withLock { $0.most } <= 2)
    }

    @Test("with two threads one always leads, and all work gets done", .timeLimit(.minutes(1)))
    func smallest() {
        let desk = Desk(limit: 2, bound: 4)
        for number in 0..<50 { desk.submit(number) {} }
        desk.pool.run { desk.turn(until: 50) }
        #expect(desk.ended.withLock { $0.sorted() } == Array(0..<50))
        #expect(desk.pool.census().threads <= 2)
    }

    @Test("a pool without blocking work needs one thread")
    func alone() {
        let desk = Desk(limit: 10, bound: 3)
        desk.pool.run { false }
        #expect(desk.pool.census().threads == 1)
    }

    @Test("a thread that could not be started is started with later work", .timeLimit(.minutes(1)))
    func laterThread() {
        let (attempts, turns, wakes, submitted) = (Monitor(0), Monitor(0), Monitor(0), Monitor(false))
        let ended = Monitor<[String]>([])
        let pool = LeaderPool(
            name: "pool", limit: 3, bounds: [.spawn: 2],
            wake: {
                wakes.withLock { $0 += 1 }
                wakes.notify()
            },
            start: { body in
                attempts.withLock { $0 += 1 }
                return attempts.withLock { $0 } > 1 && OSThread.start(name: "pool", body)
            })
        pool.submit(.spawn) { { ended.withLock { $0.append("without another thread") } } }
        pool.run {
            if ended.withLock({ $0.count }) == 2 { return false }
            _ = wakes.wait(until: .now().advanced(bySeconds: 0.02)) { $0 > 0 ? $0 : nil }
            wakes.withLock { $0 = 0 }
            pool.runCompletions()
            turns.withLock { $0 += 1 }
            turns.notifyAll()
            let isTime = ended.withLock { $0.count } == 1 && !submitted.withLock { $0 }
            guard isTime else { return true }
            submitted.withLock { $0 = true }
            pool.submit(.spawn) {
                let before = turns.withLock { $0 }
                let isLed = turns.wait(until: .now().advanced(bySeconds: 10)) { $0 > before + 1 ? true : nil } ?? false
                return { ended.withLock { $0.append(isLed ? "while another led" : "while nobody led") } }
            }
            return true
        }
        #expect(ended.withLock { $0 } == ["without another thread", "while another led"])
        #expect(pool.census().threads == 2)
    }
}
