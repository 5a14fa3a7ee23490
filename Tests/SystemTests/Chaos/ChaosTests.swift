import Foundation
import TestSupport
import Testing

/// `make chaos MINUTES=10 SEED=7`; a short one is part of `make test`.
@Suite("Chaos", .serialized)
struct ChaosTests {
    @Test("whatever is killed, frozen, cut and stopped, no job is lost and none runs twice without a reason")
    func chaos() throws {
        let environment = ProcessInfo.processInfo.environment
        let seed =
            Parameter.integer("MARTLET_CHAOS_SEED").map { UInt64(bitPattern: Int64($0)) }
            ?? UInt64.random(in: 1...999_999)
        var settings = Campaign.Settings(
            seed: seed, seconds: Double(Parameter.integer("MARTLET_CHAOS_SECONDS") ?? 20))
        if let binary = environment["MARTLET_CHAOS_BINARY"], !binary.isEmpty { settings.binary = binary }
        print("chaos: MARTLET_CHAOS_SEED=\(seed) for \(Int(settings.seconds)) s")
        if !settings.hasSecondHost { print("chaos: without a second host: namespaces are not allowed here") }

        let campaign = try Campaign(settings)
        defer { campaign.end() }
        let ledgers = try campaign.run()
        let check = LedgerCheck(ledgers)
        let summary = Summary(
            seed: seed, seconds: settings.seconds, hosts: campaign.hosts.count, figures: check.figures,
            deeds: campaign.counts, kills: ledgers.hits.count { $0.isKill }, samples: campaign.watch.samples,
            disturbances: Disturbances(ledgers.hits, ofRescue: true), peak: campaign.peak,
            strays: ledgers.final.strays.count, lateResults: campaign.lateResults, rates: campaign.rates(ledgers))
        print(summary.table)
        let violations = check.violations + summary.slow(machine: settings.seconds < 60 ? 8 : 0)
        for violation in violations.prefix(50) { Issue.record("seed \(seed): \(violation)") }
        if !violations.isEmpty || environment["MARTLET_CHAOS_KEEP"] != nil {
            let place = "/tmp/martlet-chaos-\(seed)"
            campaign.keepEvidence(ledgers, in: place)
            print("chaos: \(violations.count) violations; ledgers and logs are kept in \(place)")
        }
    }
}
