import Testing

@testable import Insight

@Suite("Advice on queues, memory and pools")
struct AdviceOnPlacesTests {
    private func incident(
        _ kind: MemoryIncident.Kind = .cliff, jid: String = "j1", kept: Int = 300 << 20, alongside: [String] = []
    ) -> MemoryIncident {
        MemoryIncident(
            kind: kind, jobClass: "Report", jid: jid, argumentsDigest: "5feceb66", handler: "h", host: "web-1",
            before: 50 << 20, peak: 400 << 20, after: 50 << 20 + kept, seconds: 2, at: 1_795_315_261_885,
            alongside: alongside)
    }

    @Test("a class of long runs before which short ones wait gets a queue of its own")
    func split() throws {
        let short = AdviceTests.cost(runs: 5000, cpu: 0.01, io: 0.03, wait: 8)
        let long = AdviceTests.cost(runs: 200, cpu: 1, io: 11, wait: 9)
        let advice = try #require(AdviceTests.advice(AdviceTests.facts(["Mail": short, "Export": long]), .queue))
        #expect(advice.queue == "default" && advice.jobClass == "Export" && advice.sure == .high)
        #expect(
            advice.text
                == "Give Export a queue of its own beside `default`: Mail waits behind it. Whoever pushes it must name the new "
                + "queue, and `queues` must list it too.")
        #expect(advice.yaml == nil, "the other queues of the configuration are not known here")
        #expect(advice.arithmetic[0].contains("Mail runs for 39 ms and waits for 7.9 s"), "\(advice.arithmetic)")
        // They do not wait, or in another queue, or nobody is long.
        let quick = AdviceTests.cost(runs: 5000, cpu: 0.01, io: 0.03, wait: 0.02)
        let elsewhere = AdviceTests.cost(runs: 200, cpu: 1, io: 11, wait: 9, queue: "exports")
        for classes in [["Mail": quick, "Export": long], ["Mail": short, "Export": elsewhere], ["Mail": short]] {
            #expect(AdviceTests.advice(AdviceTests.facts(classes), .queue) == nil)
        }
    }

    @Test("a queue that breaks its promise is named, by what was measured or by what waits now")
    func promise() throws {
        var facts = AdviceTests.facts()
        facts.queues = [
            .init(name: "within_1m", size: 3, waitingSeconds: 95, promisedSeconds: 60),
            .init(name: "fine", size: 1, waitingSeconds: 5, promisedSeconds: 60, measuredSeconds: 20),
            .init(name: "slow", size: 0, promisedSeconds: 1, measuredSeconds: 2.5),
            .init(name: "free", size: 9, waitingSeconds: 1e6),
        ]
        let advice = Advice(facts).recommendations.filter { $0.kind == .latency }
        #expect(advice.map(\.queue) == ["within_1m", "slow"])
        #expect(advice[0].arithmetic == ["3 jobs wait now, the first for 95 s"])
        #expect(advice[1].arithmetic == ["95 % of jobs waited at most 2.5 s"])
    }

    @Test("a class that makes cliffs is named with its worst run, and told to run alone unless it does")
    func cliffs() throws {
        var facts = AdviceTests.facts()
        facts.incidents = [incident(), incident(jid: "j2", kept: 500 << 20)]
        let advice = try #require(AdviceTests.advice(facts, .isolate))
        #expect(advice.jobClass == "Report" && advice.yaml == "handlers: { h: { isolate: auto } }" && !advice.isKept)
        #expect(advice.text.hasPrefix("Report leaves memory behind: up to 500 MB, in 2 runs."))
        #expect(advice.arithmetic[0].contains(", jid j1 on web-1: 50 MB before, at most 400 MB, 350 MB after"))
        facts.handlers[0].isolates = true
        #expect(AdviceTests.advice(facts, .isolate)?.isKept == true)
        facts.isolated = [.init(jobClass: "Report", handler: "h", reason: "r")]
        #expect(AdviceTests.advice(facts, .isolate)?.text.contains("processes of its own now") == true)
    }

    @Test("a cliff that may have been another class's is a guess, unless the class was alone once")
    func guesses() {
        var facts = AdviceTests.facts()
        facts.incidents = [incident(alongside: ["Other"])]
        #expect(AdviceTests.advice(facts, .isolate)?.sure == .low)
        facts.incidents.append(incident(jid: "j2"))
        #expect(AdviceTests.advice(facts, .isolate)?.sure == .high)
    }

    @Test("growth and kills for want of memory are told of with their class")
    func growth() throws {
        var facts = AdviceTests.facts()
        facts.incidents = [incident(.growth), incident(.outOfMemory)]
        let growth = try #require(AdviceTests.advice(facts, .growth))
        #expect(growth.arithmetic[0].contains("8.8 GB a minute"), "\(growth.arithmetic)")
        let killed = try #require(AdviceTests.advice(facts, .outOfMemory))
        #expect(killed.text.contains("Report was killed for want of memory, in one run, at 400 MB"))
    }

    @Test("a change of malloc shows what it has brought")
    func malloc() throws {
        var facts = AdviceTests.facts()
        facts.handlers[0].malloc = .init(
            before: "system", peaksBefore: .init(runs: 500, sumKB: 500 * 680 << 10, highestKB: 900 << 10),
            now: "arenas=2", peaksNow: .init(runs: 200, sumKB: 200 * 560 << 10, highestKB: 600 << 10))
        let better = try #require(AdviceTests.advice(facts, .malloc))
        #expect(better.isKept && better.text.contains("takes 18 % less memory than `system` did"), "\(better.text)")
        #expect(better.arithmetic[0] == "before, system: the mean peak of 500 runs was 680 MB, the highest 900 MB")
        let change = try #require(facts.handlers[0].malloc)
        facts.handlers[0].malloc = .init(
            before: "arenas=2", peaksBefore: change.peaksNow, now: "system", peaksNow: change.peaksBefore)
        #expect(AdviceTests.advice(facts, .malloc)?.yaml == "handlers: { h: { malloc: arenas=2 } }")
    }

    @Test("less than 5 % more or less memory is no difference", arguments: [96, 104])
    func mallocNoise(percent: Int) {
        var facts = AdviceTests.facts()
        facts.handlers[0].malloc = .init(
            before: "system", peaksBefore: .init(runs: 500, sumKB: 50_000_000, highestKB: 900 << 10),
            now: "arenas=2", peaksNow: .init(runs: 500, sumKB: 500_000 * percent, highestKB: 600 << 10))
        let advice = AdviceTests.advice(facts, .malloc)
        #expect(advice?.text == "`malloc: arenas=2` of handler h makes no difference to `system`.")
        #expect(advice?.isKept == true && advice?.yaml == nil)
    }

    @Test("pools: what all hosts may want, and what that leaves for slots here")
    func pools() throws {
        var facts = AdviceTests.facts()
        facts.handlers[0].connections = ["postgres": 2]
        facts.pools = [.init(name: "postgres", limit: 60, here: 20, elsewhere: ["web-2": 30])]
        let enough = try #require(AdviceTests.advice(facts, .pool))
        #expect(enough.isKept && enough.text == "Pool postgres suffices: jobs may want 50 of its 60 connections.")
        #expect(enough.arithmetic == ["2 hosts: this one 20 + web-2 30 = 50"])
        facts.pools[0].limit = 40
        #expect(AdviceTests.advice(facts, .pool)?.isKept == false)
        let slots = try #require(AdviceTests.advice(facts, .concurrency))
        #expect(slots.value == 5 && slots.text.contains("pool postgres allows no more"), "\(slots)")
    }

    @Test("with no connections left the advice says that the others take them all", arguments: [1, 10])
    func starved(present: Int) throws {
        var facts = AdviceTests.facts(concurrency: .fixed(present))
        facts.handlers[0].connections = ["postgres": 1]
        facts.pools = [.init(name: "postgres", limit: 40, here: present, elsewhere: ["web-2": 40])]
        let slots = try #require(AdviceTests.advice(facts, .concurrency))
        #expect(slots.value == 1 && slots.text.contains("the other hosts take all 40 connections of pool postgres"))
    }

    @Test(
        "handlers that serve keep their connections; of those with a process for each job no more run than there are slots"
    )
    func demand() {
        let handlers = [
            PoolDemand.Handler(isServe: true, connections: ["pg": 1]),
            .init(isServe: true, connections: ["pg": 2, "redis": 1]),
            .init(isServe: false, connections: ["pg": 1]), .init(isServe: false, connections: ["pg": 3]),
        ]
        #expect(PoolDemand.demand(of: handlers, slots: 10) == ["pg": 60, "redis": 10])
        #expect(PoolDemand.demand(of: [], slots: 10).isEmpty)
    }

    @Test("numbers as sentences show them")
    func quantities() {
        #expect([0.0, 0.0034, 0.034, 0.75, 1].map(Quantities.percent) == ["0 %", "0.3 %", "3.4 %", "75 %", "100 %"])
        #expect([100, 48 << 20, 3 << 19, 3 << 29].map(Quantities.size) == ["0 KB", "48 MB", "1.5 MB", "1.5 GB"])
        #expect(
            [0.0004, 0.025, 1.25, 42, 300, 86_400].map(Quantities.duration)
                == ["0.4 ms", "25 ms", "1.3 s", "42 s", "5 min", "24 h"])
        #expect(
            [0, 951_782_340_000, 1_709_208_000_000, 1_798_761_599_999].map(Quantities.moment) == [
                "1970-01-01 00:00 UTC", "2000-02-28 23:59 UTC", "2024-02-29 12:00 UTC", "2026-12-31 23:59 UTC",
            ])
        #expect([0.066, 3.2, 1240, .infinity].map(Quantities.number) == ["0.07", "3.2", "1240", "unlimited"])
    }
}
