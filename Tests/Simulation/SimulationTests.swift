import Foundation
import Testing

/// Runs of the protocol with faults, thousands of them, a seed each.
///
/// MARTLET_SEEDS says how many seeds, MARTLET_SEED runs one and prints what happened in it.
@Suite("Simulation")
struct SimulationTests {
    static let seeds = number("MARTLET_SEEDS") ?? 2000
    private static let parts = 8

    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    @Test("whatever goes wrong, no job is lost, stuck, or run again for no reason", arguments: 0..<parts)
    func safety(part: Int) {
        var total = (jobs: 0, runs: 0, repeats: 0, failures: 0)
        for seed in stride(from: part + 1, through: Self.seeds, by: Self.parts) {
            let report = Simulation.run(seed: UInt64(seed))
            total.jobs += report.pushed
            total.runs += report.runs
            total.repeats += report.repeats
            guard !report.violations.isEmpty else { continue }
            total.failures += 1
            Issue.record(
                "seed \(seed) (replay it with MARTLET_SEED=\(seed)): \(report.violations.joined(separator: "; "))")
            if total.failures >= 5 { break }
        }
        print("part \(part): \(total.jobs) jobs, \(total.runs) runs, \(total.repeats) repeated after a loss")
    }

    @Test("one run, step by step", .enabled(if: number("MARTLET_SEED") != nil))
    func replay() {
        let report = Simulation.run(seed: UInt64(Self.number("MARTLET_SEED") ?? 0)) { print($0) }
        print(report)
        #expect(report.violations.isEmpty)
    }

    @Test("a seed gives the same run again", arguments: [3, 1415, 92_653])
    func repeatable(seed: UInt64) {
        #expect(Simulation.run(seed: seed) == Simulation.run(seed: seed))
    }

    @Test("a protocol broken on purpose is found out", arguments: Breakage.allCases)
    func plantedBugs(breakage: Breakage) {
        let seeds = 1...UInt64(1000)
        let found = seeds.first { !Simulation.run(seed: $0, breakage: breakage).violations.isEmpty }
        #expect(found != nil, "\(breakage) did no harm in \(seeds.count) runs")
        if let found {
            print("\(breakage): seed \(found): \(Simulation.run(seed: found, breakage: breakage).violations)")
        }
    }
}
