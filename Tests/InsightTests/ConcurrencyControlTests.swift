import Testing

@testable import Insight

@Suite("How many slots a worker finds worth having")
struct ConcurrencyControlTests {
    /// A worker whose number of slots is controlled, looked at once a second.
    private struct Bench {
        var control = ConcurrencyControl(minimum: 5, maximum: 128, start: 10)
        var plant: JobPlant
        var changes: [ConcurrencyControl.Change] = []
        /// The number of slots at the end of each second.
        var limits: [Int] = []
        /// Runs of each second.
        var rates: [Double] = []

        init(_ plant: JobPlant) { self.plant = plant }

        mutating func pass(seconds: Int, adjust: (inout ConcurrencyControl.Sight) -> Void = { _ in }) {
            for _ in 0..<seconds {
                plant.limit = control.limit
                var sight = plant.run(forSeconds: 1)
                rates.append(Double(sight.finished))
                adjust(&sight)
                if let change = control.look(at: sight) { changes.append(change) }
                limits.append(control.limit)
            }
        }

        func rate(last seconds: Int) -> Double { rates.suffix(seconds).reduce(0, +) / Double(seconds) }
    }

    private static func plant(_ ioShare: Double, cores: Int, wall: Double = 0.05, seed: UInt64 = 1) -> JobPlant {
        JobPlant(wall: wall, ioShare: ioShare, cores: cores, limit: 10, seed: seed)
    }

    /// Runs a second with a fixed number of slots.
    private static func rate(_ plant: JobPlant, slots: Int) -> Double {
        var plant = plant
        plant.limit = slots
        _ = plant.run(forSeconds: 5)
        return Double(plant.run(forSeconds: 30).finished) / 30
    }

    /// The best that any fixed number from 5 to 128 does.
    private static func best(_ plant: JobPlant) -> Double {
        [5, 7, 10, 14, 20, 28, 40, 56, 79, 100, 128].map { rate(plant, slots: $0) }.max() ?? 0
    }

    @Test(
        "within a minute throughput is within 5 % of the best fixed number, and the number stays within a step",
        arguments: [0, 0.5, 0.75, 0.9, 0.97], [1, 2, 16])
    func converges(ioShare: Double, cores: Int) {
        // About 150 jobs a second at the best: enough to tell 5 % from chance.
        let plant = Self.plant(ioShare, cores: cores, wall: min(0.5, Double(cores) / 150 / (1 - ioShare)))
        var bench = Bench(plant)
        bench.pass(seconds: 60)
        let reached = bench.control.limit
        bench.pass(seconds: 120)
        let best = Self.best(plant)
        #expect(bench.rate(last: 120) >= 0.95 * best, "\(bench.control.limit) slots: \(bench.changes)")
        for limit in bench.limits.suffix(120) {
            let isNear = Double(max(limit, reached)) <= 1.45 * Double(min(limit, reached)) + 1
            #expect(isNear, "\(reached) after a minute, later \(limit): \(bench.changes)")
        }
    }

    @Test("whatever the chance of single runs, the number does not wander", arguments: UInt64(1)...8)
    func steady(seed: UInt64) {
        var bench = Bench(Self.plant(0.75, cores: 2, wall: 0.1, seed: seed))
        bench.pass(seconds: 60)
        let after = bench.changes.count
        bench.pass(seconds: 600)
        #expect(bench.changes.count - after <= 8, "\(bench.changes)")
        #expect((10...32).contains(bench.control.limit), "\(bench.changes)")
    }

    @Test("without jobs that wait nothing changes")
    func idle() {
        var bench = Bench(Self.plant(0.9, cores: 2))
        bench.plant.hasBacklog = false
        bench.pass(seconds: 300)
        #expect(bench.changes.isEmpty)
    }

    @Test("a backlog now and then does not make it grow")
    func bursts() {
        var bench = Bench(Self.plant(0.9, cores: 2))
        for _ in 0..<50 {
            bench.plant.hasBacklog = true
            bench.pass(seconds: 1)
            bench.plant.hasBacklog = false
            bench.pass(seconds: 5)
        }
        #expect(bench.changes.isEmpty)
    }

    @Test("what jobs wait for serves only so many: slots beyond that gain nothing, and are given up again")
    func plateau() {
        var bench = Bench(Self.plant(0.97, cores: 16))
        bench.plant.servers = 20
        bench.pass(seconds: 60)
        let reached = bench.control.limit
        #expect((20...32).contains(reached), "\(bench.changes)")
        let undone = bench.changes.count { $0.to < $0.from }
        bench.pass(seconds: 900)
        // Tried again after 30 s, 60 s, 120 s and so on.
        #expect(bench.changes.count { $0.to < $0.from } - undone <= 6, "\(bench.changes)")
        #expect(
            bench.changes.contains { $0.reason.contains("the last step gained") && $0.reason.contains("instead of") })
    }

    @Test("jobs of another kind get another number")
    func otherJobs() {
        var bench = Bench(Self.plant(0.97, cores: 2))
        bench.pass(seconds: 60)
        #expect(bench.control.limit >= 60, "\(bench.changes)")
        bench.plant.ioShare = 0
        bench.pass(seconds: 90)
        #expect(bench.control.limit <= 8, "\(bench.changes)")
        bench.plant.ioShare = 0.97
        bench.pass(seconds: 90)
        #expect(bench.control.limit >= 60, "\(bench.changes)")
    }

    @Test("a limit of what jobs wait for that goes away is noticed, in ten minutes at most")
    func plateauEnds() {
        var bench = Bench(Self.plant(0.97, cores: 16))
        bench.plant.servers = 20
        bench.pass(seconds: 1200)
        #expect(bench.control.limit <= 32)
        bench.plant.servers = .max
        bench.pass(seconds: 660)
        #expect(bench.control.limit == 128, "\(bench.changes)")
    }

    @Test("a CPU that others fill makes it no larger; when they leave it grows")
    func others() {
        var bench = Bench(Self.plant(0.5, cores: 4))
        bench.plant.othersUse = 3
        bench.pass(seconds: 60)
        #expect(bench.control.limit <= 10, "\(bench.changes)")
        bench.plant.othersUse = 0
        bench.pass(seconds: 90)
        var alone = bench.plant
        alone.limit = 40
        #expect(bench.rate(last: 10) >= 0.9 * Double(alone.run(forSeconds: 60).finished) / 60, "\(bench.changes)")
    }

    @Test("a CPU that is full of what yields to jobs keeps it from nothing")
    func yielding() {
        var bench = Bench(Self.plant(0.97, cores: 4))
        bench.pass(seconds: 60) { $0.cpu = 1 }
        #expect(bench.control.limit > 60, "\(bench.changes)")
    }

    @Test("on a CPU that is full of others' work, what a step gains decides")
    func amongOthers() {
        func contended(_ sight: inout ConcurrencyControl.Sight) {
            sight.cpu = 1
            sight.coreWaitSeconds = 0.15 * sight.measuredSeconds
        }
        var bench = Bench(Self.plant(0.97, cores: 8))
        bench.pass(seconds: 60, adjust: contended)
        #expect(bench.control.limit > 60, "\(bench.changes)")
        var plateau = Bench(Self.plant(0.97, cores: 8))
        plateau.plant.servers = 20
        plateau.pass(seconds: 60, adjust: contended)
        #expect((20...32).contains(plateau.control.limit), "\(plateau.changes)")
    }

    @Test("jobs that take long are given time to show what a step brought")
    func longJobs() {
        var bench = Bench(Self.plant(0.97, cores: 16, wall: 10))
        bench.plant.servers = 20
        bench.pass(seconds: 1800)
        #expect((14...40).contains(bench.control.limit), "\(bench.changes)")
    }

    @Test("little memory takes slots away at once, and they come back slowly")
    func memory() {
        var bench = Bench(Self.plant(0.97, cores: 2))
        bench.pass(seconds: 60)
        let before = bench.control.limit
        func short(_ sight: inout ConcurrencyControl.Sight) {
            (sight.availableMemory, sight.littleMemory, sight.slotMemory) = (0.12, 0.15, 0.004)
        }
        bench.pass(seconds: 1, adjust: short)
        #expect(bench.control.limit < before)
        #expect(bench.changes.last?.reason == "12 % of memory available")
        bench.pass(seconds: 30, adjust: short)
        #expect(bench.control.limit <= before / 2)
        let least = bench.control.limit
        bench.pass(seconds: 20) { ($0.availableMemory, $0.littleMemory, $0.slotMemory) = (0.5, 0.15, 0.004) }
        #expect(bench.control.limit == least)
    }

    @Test("memory that its slots do not take is not asked of them")
    func foreignMemory() {
        var bench = Bench(Self.plant(0.5, cores: 2))
        bench.pass(seconds: 60) { ($0.availableMemory, $0.littleMemory, $0.slotMemory) = (0.05, 0.15, 0.0001) }
        #expect(!bench.changes.contains { $0.reason.contains("memory") }, "\(bench.changes)")
    }

    @Test("it grows no further than memory has room")
    func memoryRoom() {
        var bench = Bench(Self.plant(0.97, cores: 2))
        // Each slot takes 1 %; what others take leaves 24 % less.
        for _ in 0..<120 {
            let taken = 0.56 + 0.01 * Double(bench.control.limit)
            bench.pass(seconds: 1) { ($0.availableMemory, $0.littleMemory, $0.slotMemory) = (1 - taken, 0.2, 0.01) }
        }
        #expect((11...20).contains(bench.control.limit), "\(bench.changes)")
    }

    @Test("memory pressure halves it, once, and a pool's end is never passed")
    func harm() {
        var bench = Bench(Self.plant(0.97, cores: 2))
        bench.pass(seconds: 60) { $0.ceiling = 40 }
        #expect(bench.control.limit == 40, "\(bench.changes)")
        bench.pass(seconds: 10) { $0.isHeld = true }
        #expect(bench.control.limit == 20)
        bench.pass(seconds: 1) { $0.ceiling = 8 }
        #expect(bench.control.limit == 8)
    }

    @Test("every change says why")
    func reasons() {
        var bench = Bench(Self.plant(0.97, cores: 2))
        bench.pass(seconds: 60)
        #expect(bench.changes.first?.description.hasPrefix("concurrency 10 -> 14: 212 jobs wait, CPU 1") == true)
        #expect(bench.changes.dropFirst().first?.reason.contains("the last step gained") == true)
        bench.plant.ioShare = 0
        bench.pass(seconds: 60)
        #expect(bench.changes.contains { $0.reason.contains("jobs wait for a core for") })
    }
}
