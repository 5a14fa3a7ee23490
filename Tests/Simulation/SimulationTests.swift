import Foundation
import Testing

/// Runs of the protocol with faults, thousands of them, a seed each.
///
/// MARTLET_SEEDS says how many seeds, MARTLET_SEED runs one and prints what happened in it.
@Suite("Simulation")
struct SimulationTests {
    static let seeds = number("MARTLET_SEEDS") ?? 1000
    private static let parts = 8

    private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

    @Test("whatever goes wrong, no job is lost, stuck, or run again for no reason", arguments: 0..<parts)
    func safety(part: Int) {
        var totals = Totals()
        let start = Date()
        for seed in stride(from: part + 1, through: Self.seeds, by: Self.parts) {
            let report = Simulation.run(seed: UInt64(seed))
            totals.add(report)
            guard !report.violations.isEmpty else { continue }
            Issue.record(
                "seed \(seed) (replay it with MARTLET_SEED=\(seed)): \(report.violations.joined(separator: "; "))")
            if totals.failures >= 5 { break }
        }
        print("part \(part), \(Int(Date().timeIntervalSince(start))) s: \(totals)")
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
        var found: Simulation.Report?
        for seed in seeds where found == nil {
            let report = Simulation.run(seed: seed, breakage: breakage)
            if !report.violations.isEmpty { found = report }
        }
        if let found {
            print("\(breakage): found after \(found.seed) seeds: \(found.violations)")
        } else {
            Issue.record("\(breakage) did no harm in \(seeds.count) runs")
        }
    }
}
