import Testing

@testable import Insight

@Suite("Advice")
struct AdviceTests {
    static func cost(
        runs: Int = 2000, cpu: Double = 0.025, io: Double = 0.075, coreWait: Double = 0, wait: Double = 0.01,
        queue: String = "default", memory: Int? = 50 << 20, isEstimate: Bool = false, isMeasured: Bool = true
    ) -> ClassCost {
        var cost = ClassCost()
        let wall = cpu + io + coreWait
        for _ in 0..<runs {
            let measured = RunCost(
                wallSeconds: wall, cpuSeconds: cpu, coreWaitSeconds: coreWait, isEstimate: isEstimate,
                seesChildren: true,
                memory: memory.map { MemoryCost(before: $0, peak: $0, after: $0) })
            cost.add(
                wallSeconds: wall, queueSeconds: wait, hasFailed: false, cost: isMeasured ? measured : nil, queue: queue
            )
        }
        return cost
    }

    static let machine = AdviceFacts.Machine(cores: 2, memory: 16 << 30, available: 12 << 30)

    static func facts(
        _ classes: [String: ClassCost] = ["Mixed": cost()], seconds: Double = 7200,
        concurrency: AdviceFacts.Setting = .fixed(10),
        processes: AdviceFacts.Setting = .fixed(1), machine: AdviceFacts.Machine = machine,
        handler: AdviceFacts.Handler = .init(name: "h")
    ) -> AdviceFacts {
        AdviceFacts(
            seconds: seconds,
            classes: classes.sorted { $0.key < $1.key }.map {
                .init(name: $0.key, cost: $0.value, handler: handler.name)
            },
            handlers: [handler], concurrency: concurrency, processes: processes,
            hosts: [.init(name: "web-1", processes: 1, slots: 10, resident: 500 << 20, isOurs: true)], machine: machine)
    }

    static func advice(_ facts: AdviceFacts, _ kind: Recommendation.Kind) -> Recommendation? {
        Advice(facts).recommendations.first { $0.kind == kind }
    }

    // MARK: The table

    @Test("the largest share of time stands first; shares are of all time, I/O of the time without waiting for a core")
    func table() {
        var failing = Self.cost(runs: 100, cpu: 1, io: 0)
        failing.failures = 7
        let advice = Advice(
            Self.facts([
                "Mixed": Self.cost(coreWait: 0.1), "Burn": failing, "Unknown": Self.cost(runs: 10, isMeasured: false),
            ]))
        #expect(advice.rows.map(\.name) == ["Mixed", "Burn", "Unknown"])
        #expect(advice.rows.map { $0.ioShare.map { ($0 * 100).rounded() } } == [75, 0, nil])
        #expect(abs(advice.rows[0].share - 400.0 / 501) < 0.001)
        #expect(advice.rows[1].failures == 7 && advice.rows[1].memoryPeak == 50 << 20)
        #expect(abs(advice.rows[0].p95 - 0.2) < 0.02 && abs(advice.rows[0].meanSeconds - 0.2) < 0.001)
        #expect(advice.rows[0].runsPerMinute == 2000.0 / 120)
        #expect(advice.rows[0].coreWaitShare == 0.5 && advice.rows[0].queues == ["default"])
    }

    @Test("of nothing, nothing is said")
    func nothing() {
        let advice = Advice(AdviceFacts(seconds: 0, classes: [], machine: Self.machine))
        #expect(advice.rows.isEmpty && advice.recommendations.isEmpty && advice.unknowns.isEmpty)
        #expect(advice.sure == .low)
    }

    @Test("how sure it is depends on the number of runs and on the time, on estimates and on what was not seen")
    func sureness() {
        func sure(_ cost: ClassCost, _ seconds: Double) -> Recommendation.Sureness {
            Advice(Self.facts(["A": cost], seconds: seconds)).sure
        }
        #expect(sure(Self.cost(runs: 99), 7200) == .low)
        #expect(sure(Self.cost(runs: 5000), 500) == .low)
        #expect(sure(Self.cost(runs: 500), 7200) == .medium)
        #expect(sure(Self.cost(runs: 5000), 7200) == .high)
        #expect(sure(Self.cost(runs: 5000, isEstimate: true), 7200) == .medium)
        let half = Advice(Self.facts(["A": Self.cost(), "B": Self.cost(runs: 9000, isMeasured: false)]))
        #expect(half.sure == .medium && half.unknowns.contains { $0.contains("82 % of the time") }, "\(half.unknowns)")
    }

    @Test("what is not known is said")
    func unknowns() {
        var facts = Self.facts(["A": Self.cost(memory: nil, isEstimate: true)])
        facts.classes[0].handler = nil
        facts.hosts = []
        let text = Advice(facts).unknowns.joined(separator: "\n")
        for part in ["2000 of 2000 measured runs shared", "memory of no run", "takes A", "No worker runs"] {
            #expect(text.contains(part), "\(part)")
        }
        let none = Advice(Self.facts(["A": Self.cost(isMeasured: false)]))
        #expect(none.unknowns.first?.hasPrefix("No run was measured") == true)
        #expect(none.recommendations.isEmpty)
    }

    // MARK: Concurrency and processes

    @Test(
        "the advised concurrency does at least 97 % of what can be done, and no more slots than that takes",
        arguments: [0, 0.5, 0.75, 0.9, 0.97], [1.0, 2, 4, 16])
    func concurrency(share: Double, cores: Double) throws {
        let machine = AdviceFacts.Machine(cores: cores, memory: 256 << 30, available: 200 << 30)
        let facts = Self.facts(
            ["A": Self.cost(cpu: 0.1 * (1 - share), io: 0.1 * share)], concurrency: .fixed(1), machine: machine)
        let advice = Advice(facts)
        let slots = try #require(advice.recommendations.first { $0.setting == "concurrency" }?.value)
        let workers = try #require(advice.recommendations.first { $0.setting == "processes" }?.value)
        let network = ClosedNetwork(cores: cores, cpuSeconds: 0.1 * (1 - share), ioSeconds: 0.1 * share)
        #expect(network.throughput(slots * workers) >= 0.97 * network.limit, "\(slots) x \(workers)")
        #expect(network.gain(after: slots * workers) < 0.02)
        #expect(workers == (slots * workers > 250 ? 3 : 1), "\(slots) x \(workers)")
    }

    @Test("a setting that does nearly as much is kept, one that takes memory for nothing is not")
    func keep() throws {
        let few = try #require(Self.advice(Self.facts(concurrency: .fixed(4)), .concurrency))
        #expect(!few.isKept && few.value == 13 && few.present == 4 && few.yaml == "concurrency: 13", "\(few)")
        #expect(
            few.arithmetic.contains {
                $0.contains("1 / (1 - 0.75) = 4 such jobs going, 2 of them 8, which is 80 jobs/s")
            })
        #expect(
            few.arithmetic.contains { $0.hasPrefix("the next slot: +") && $0.hasSuffix("throughput, +50 MB memory") })
        let kept = try #require(Self.advice(Self.facts(concurrency: .fixed(15)), .concurrency))
        #expect(kept.isKept && kept.value == 15 && kept.yaml == nil)
        let many = try #require(Self.advice(Self.facts(concurrency: .fixed(100)), .concurrency))
        #expect(!many.isKept && many.value == 13 && many.text.contains("4.2 GB less memory"), "\(many.text)")
    }

    @Test("slots are shared by the workers there are, and bounds of `auto` hold")
    func processes() throws {
        let two = Self.facts(concurrency: .fixed(2), processes: .fixed(2))
        #expect(Self.advice(two, .concurrency)?.value == 7)
        #expect(Self.advice(two, .processes)?.isKept == true)
        let auto = Self.facts(concurrency: .auto(5...8), processes: .auto(1...4))
        #expect(Self.advice(auto, .concurrency)?.value == 8 && Self.advice(auto, .concurrency)?.isKept == true)
        #expect(Self.advice(auto, .processes)?.value == 1)
        let wide = Self.facts(
            ["A": Self.cost(cpu: 0.001, io: 1)], machine: .init(cores: 1, memory: 256 << 30, available: 200 << 30))
        #expect(Self.advice(wide, .processes)?.value == 1 && Self.advice(wide, .concurrency)?.value == 250)
    }

    @Test("where workers change concurrency changes with them, to the wanted slots together")
    func product() throws {
        let tight = AdviceFacts.Machine(cores: 2, memory: 1 << 30, available: 0)
        // 398 MB are for 7 slots of 50 MB.
        let facts = Self.facts(concurrency: .fixed(1), processes: .fixed(10), machine: tight)
        let slots = try #require(Self.advice(facts, .concurrency))
        let workers = try #require(Self.advice(facts, .processes))
        #expect(!slots.isKept && slots.value == 1 && workers.value == 7 && !workers.isKept)
        #expect(
            slots.text.contains(
                "`concurrency: 1` and `processes: 7`, which are 7 slots (now 1 and 10, which are 10): memory"),
            "\(slots.text)")
        let two = try #require(Self.advice(Self.facts(concurrency: .fixed(7), processes: .fixed(2)), .processes))
        #expect(two.isKept && two.arithmetic[0].hasSuffix("1 would do; you have 2"), "\(two)")
    }

    @Test("jobs that compute on several cores count whole")
    func severalCores() {
        let facts = Self.facts(["A": Self.cost(cpu: 0.4, io: 0)])
        var cost = facts.classes[0].cost
        cost.measuredWallMicroseconds /= 4
        cost.wallMicroseconds /= 4
        let mix = JobMix([.init(name: "A", cost: cost, handler: "h")], handlers: facts.handlers)
        #expect(abs(mix.cpuSeconds - 0.4) < 1e-6 && mix.ioSeconds == 0)
    }

    @Test("a lock around threads is assumed only where runs were seen to wait")
    func lock() throws {
        let handler = AdviceFacts.Handler(name: "h", threads: 10)
        func slots(_ wait: Double) throws -> (value: Int, line: String) {
            let facts = Self.facts(
                ["A": Self.cost(cpu: 0.02, io: 0.08, coreWait: wait, isEstimate: true)],
                machine: .init(cores: 8, memory: 64 << 30, available: 50 << 30), handler: handler)
            #expect(Advice(facts).unknowns.contains { $0.contains("global lock") } && Advice(facts).sure == .medium)
            let advice = try #require(Self.advice(facts, .concurrency))
            return (advice.value ?? 0, advice.arithmetic.joined(separator: "\n"))
        }
        let (free, locked) = (try slots(0), try slots(0.02))
        #expect(free.line.contains("each thread of a process can compute") && free.value < locked.value)
        #expect(locked.line.contains("waited for a lock or a core for 17 % of their time"), "\(locked.line)")
    }

    @Test("of one class, how many runs and how sure are its own")
    func ofOneClass() {
        let facts = Self.facts(["A": Self.cost(runs: 50), "B": Self.cost()])
        let (a, of) = Advice(facts).about("A", facts)
        #expect(a.mix.measured == 50 && a.sure == .low && a.rows.map(\.name) == ["A"])
        #expect(of.classes.map(\.name) == ["A"] && Advice(facts).sure == .high)
        #expect(Advice(facts).about("C", facts).advice.rows.isEmpty)
    }

    @Test("memory bounds it: of the host or the cgroup, with what handlers hold already")
    func memory() throws {
        let machine = AdviceFacts.Machine(cores: 2, memory: 1 << 30, available: 300 << 20, place: "the cgroup /x")
        // 300 MB available and 500 MB in use, less 10 % of 1 GB, are 698 MB: enough for 13 slots.
        let advice = try #require(Self.advice(Self.facts(machine: machine), .concurrency))
        #expect(advice.value == 13 && advice.arithmetic.contains { $0.contains("650 MB of the 698 MB") }, "\(advice)")
        let tight = AdviceFacts.Machine(cores: 2, memory: 1 << 30, available: 0, place: "the cgroup /x")
        let less = try #require(Self.advice(Self.facts(machine: tight), .concurrency))
        #expect(less.value == 7 && less.text.contains("memory allows no more"), "\(less)")
        #expect(less.arithmetic.contains { $0.contains("7 x 50 MB = 350 MB of the 398 MB") }, "\(less)")
    }

    @Test("threads of a process get Amdahl's law, with the gain of the next")
    func threads() throws {
        let handler = AdviceFacts.Handler(name: "h", threads: 2)
        let facts = Self.facts(["A": Self.cost(cpu: 0.01, io: 0.09, isEstimate: true)], handler: handler)
        let advice = try #require(Self.advice(facts, .threads))
        #expect(advice.setting == "handlers.h.threads" && advice.present == 2 && !advice.isKept)
        #expect((10...20).contains(advice.value ?? 0), "\(advice)")
        #expect(advice.arithmetic.contains { $0.contains("1 / (1 - 0.9) = 10 times") })
        #expect(
            advice.arithmetic.contains {
                $0.contains("the next thread after") && $0.contains("throughput, at most +25 MB")
            })
        #expect(Self.advice(facts, .concurrency)?.arithmetic.first?.contains("~90 %") == true)
    }

    @Test("a host that does nearly all it can is told of")
    func load() throws {
        // 20 jobs/s of 25 ms CPU are a quarter of two cores; 72/s are 90 %.
        #expect(Self.advice(Self.facts(["A": Self.cost(runs: 20 * 600)], seconds: 600), .hosts) == nil)
        let advice = Self.advice(Self.facts(["A": Self.cost(runs: 72 * 600)], seconds: 600), .hosts)
        #expect(advice?.text.hasPrefix("This host does nearly all it can") == true)
    }
}
