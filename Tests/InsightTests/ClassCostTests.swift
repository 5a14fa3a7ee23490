import Testing

@testable import Insight

@Suite("The cost of a class")
struct ClassCostTests {
    @Test("counts waiting for a core as neither CPU nor I/O")
    func coreWait() {
        let run = RunCost(wallSeconds: 1, cpuSeconds: 0.25, coreWaitSeconds: 0.25)
        #expect(run.ioShare == 0.5)
        #expect(RunCost(wallSeconds: 1, cpuSeconds: 3).ioShare == 0)
        #expect(RunCost(wallSeconds: 0, cpuSeconds: 0).ioShare == 0)
    }

    @Test("weighs runs by their time, and counts those that were not measured")
    func share() {
        var cost = ClassCost()
        cost.add(wallSeconds: 3, queueSeconds: 0.5, hasFailed: false, cost: RunCost(wallSeconds: 3, cpuSeconds: 0))
        cost.add(wallSeconds: 1, queueSeconds: nil, hasFailed: true, cost: RunCost(wallSeconds: 1, cpuSeconds: 1))
        cost.add(wallSeconds: 2, queueSeconds: nil, hasFailed: false, cost: nil)
        #expect(cost.ioShare == 0.75)
        #expect((cost.runs, cost.failures, cost.measured) == (3, 1, 2))
        #expect(cost.wallMicroseconds == 6_000_000)
        #expect(cost.queueing.total == 1)
    }

    @Test("adds up over processes, but for what is a largest value")
    func merge() {
        var (one, other) = (ClassCost(), ClassCost())
        let heavy = MemoryCost(before: 100 << 20, peak: 400 << 20, after: 300 << 20)
        let light = MemoryCost(before: 100 << 20, peak: nil, after: 90 << 20)
        one.add(
            wallSeconds: 1, queueSeconds: nil, hasFailed: false,
            cost: RunCost(wallSeconds: 1, cpuSeconds: 1, memory: heavy))
        other.add(
            wallSeconds: 1, queueSeconds: nil, hasFailed: false,
            cost: RunCost(wallSeconds: 1, cpuSeconds: 1, memory: light))
        one.merge(other)
        #expect((one.runs, one.memoryRuns) == (2, 2))
        #expect(one.highestPeak == 400 << 20)
        #expect((one.retainedBytes, one.highestRetained) == (200 << 20, 200 << 20))
    }
}
