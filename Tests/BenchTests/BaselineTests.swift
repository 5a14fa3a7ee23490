import Testing

@testable import Bench

@Suite("The guard against getting slower")
struct BaselineTests {
    /// Of a run in which a limit made 1000 jobs/s, a start took at least 2 ms, and the yardstick 4 us.
    private func figures(rate: Double, latency: Double, cpu: Double, calls: Double = 3) -> [String: Figures] {
        let samples = [
            "limit": [Sample(jobsPerSecond: 1000, latencies: [2])],
            Suite.yardstick: [Sample(workerMicroseconds: 1, redisMicroseconds: 3)],
            // The second is disturbed, and does not count.
            "jobs": [
                Sample(jobsPerSecond: rate, workerMicroseconds: cpu / 2, redisMicroseconds: cpu / 2),
                Sample(jobsPerSecond: rate / 5, workerMicroseconds: cpu * 2, redisMicroseconds: cpu),
            ],
            "start": [Sample(latencies: [latency, latency, 9 * latency]), Sample(latencies: [latency * 3])],
            "idle": [Sample(callsPerSecond: calls)],
        ]
        return Dictionary(
            uniqueKeysWithValues: ["jobs", "start", "idle"].compactMap { name in
                Figures(samples[name] ?? [], limit: .scenario("limit"), among: samples).map { (name, $0) }
            })
    }

    @Test("figures are the best of several samples, divided by the best of the limit")
    func best() throws {
        let figures = figures(rate: 500, latency: 3, cpu: 8)
        #expect(figures["jobs"]?.ofLimit == 0.5)
        #expect(figures["jobs"]?.cost == 2)
        #expect(figures["start"]?.ofLimit == 1.5)
        #expect(figures["idle"]?.calls == 3)
    }

    @Test("the same figures, better ones, and ones worse within the margin are no complaint")
    func noWorse() {
        let baseline = Baseline(figures(rate: 500, latency: 3, cpu: 8))
        for now in [
            figures(rate: 500, latency: 3, cpu: 8), figures(rate: 900, latency: 1, cpu: 2),
            figures(rate: 320, latency: 4.5, cpu: 10),
        ] {
            #expect(baseline.complaints(about: now, latencies: ["start"]).isEmpty)
        }
    }

    @Test("a figure that is worse by more than the margin is named, with what it was")
    func worse() {
        let baseline = Baseline(figures(rate: 500, latency: 3, cpu: 8))
        let now = figures(rate: 250, latency: 6, cpu: 16, calls: 6)
        #expect(
            baseline.complaints(about: now, latencies: ["start"]) == [
                "idle: calls/s is 6.0, was 3.0: 100 % worse", "jobs: of limit is 0.25, was 0.5: 100 % worse",
                "jobs: cost is 4.0, was 2.0: 100 % worse", "start: of limit is 3.0, was 1.5: 100 % worse",
            ])
    }

    @Test("what only one of both has is no complaint")
    func strangers() {
        let all = figures(rate: 500, latency: 3, cpu: 8)
        #expect(Baseline([:]).complaints(about: all, latencies: []).isEmpty)
        #expect(Baseline(all).complaints(about: [:], latencies: []).isEmpty)
    }

    @Test("a written baseline is read as it was")
    func file() throws {
        let baseline = Baseline(figures(rate: 500, latency: 3, cpu: 8))
        #expect(try Baseline(json: Array(baseline.json().utf8)) == baseline)
    }
}

@Suite("What the bench chooses to measure")
struct SuiteTests {
    @Test("what a scenario is compared with is measured with it, and stands before it")
    func limits() throws {
        for scale in [Scale.full, .quick] {
            let all = Suite(scale).scenarios(matching: "")
            #expect(Set(all.map(\.name)).count == all.count)
            for scenario in all {
                guard case .scenario(let limit) = scenario.limit else { continue }
                let names = Suite(scale).scenarios(matching: scenario.name).map(\.name)
                let own = try #require(names.firstIndex(of: scenario.name))
                #expect(names.prefix(own).contains(limit), "\(scenario.name)")
                #expect(names.contains(Suite.yardstick))
            }
        }
    }

    @Test("a text that is in no name chooses nothing")
    func nothing() { #expect(Suite(.quick).scenarios(matching: "no such scenario").isEmpty) }
}
