import Testing

@testable import Platform

@Suite("How busy the processors are")
struct ProcessorWatchTests {
    private static let statistics = """
        cpu  999 999 999 999 999 999 999 999 0 0
        cpu0 100 10 50 800 40 5 5 20 7 0
        cpu1 0 0 0 1000 0 0 0 0 0 0
        cpu2 1000 0 0 0 0 0 0 0 0 0
        intr 1 2 3
        """

    @Test("of the processors this process may use, waiting for a disk is no work, what a hypervisor takes is")
    func ticks() {
        #expect(ProcessorWatch.ticks(Self.statistics, of: [0]) == .init(busy: 190, total: 1030))
        #expect(ProcessorWatch.ticks(Self.statistics, of: [0, 1]) == .init(busy: 190, total: 2030))
        #expect(ProcessorWatch.ticks(Self.statistics, of: []) == .init(busy: 1190, total: 3030))
        #expect(ProcessorWatch.ticks("", of: [0]) == .init())
    }

    @Test("a limit of a cgroup, in cores")
    func limit() {
        #expect(ProcessorWatch.cores("200000 100000\n") == 2)
        #expect(ProcessorWatch.cores("50000 100000\n") == 0.5)
        #expect(ProcessorWatch.cores("max 100000\n") == nil)
        #expect(ProcessorWatch.cores("") == nil)
    }

    @Test("the processors of an affinity mask")
    func affinity() {
        #expect(ProcessorWatch.affinity("Name:\tx\nCpus_allowed_list:\t0-2,7\nMems_allowed:\t1\n") == [0, 1, 2, 7])
        #expect(ProcessorWatch.affinity("Cpus_allowed_list:\t3\n") == [3])
        #expect(ProcessorWatch.affinity("") == [])
        #expect(ProcessorWatch.affinity("Cpus_allowed_list:\t3-1\n") == [])
    }

    @Test("a process that computes makes them busy")
    func computing() throws {
        let watch = ProcessorWatch()
        #expect(watch.share() == nil)
        let end = MonotonicTime.now().advanced(bySeconds: 0.3)
        var number = 1
        while MonotonicTime.now() < end { number = number &* 3 &+ 1 }
        let share = try #require(watch.share())
        #expect(share > 0 && share <= 1, "\(number)")
    }
}
