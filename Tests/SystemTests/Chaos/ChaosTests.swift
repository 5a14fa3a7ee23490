import Foundation
import Redis
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

    @Test("a job that somebody takes out of its queue, and one that somebody puts in again, are found out")
    func sabotage() throws {
        // Too short for any deed.
        let campaign = try Campaign(Campaign.Settings(seed: 1, seconds: 1, hasSecondHost: false))
        defer { campaign.end() }
        campaign.later(0) { campaign.sabotage() }
        let check = LedgerCheck(try campaign.run())
        #expect(Set(check.violations.map(\.rule)).isSuperset(of: [.lost, .duplicate]), "\(check.violations)")
        #expect(check.figures.lost == 1 && check.figures.unjustified == 1)
    }
}

extension Campaign {
    /// What no deed may do: a job is taken away and another one is doubled, behind the back of the service.
    fileprivate func sabotage() {
        let waiting = desk.ask("LRANGE", "queue:default", "0", "50")?.elements?.compactMap(\.bytes) ?? []
        guard let job = waiting.first(where: { String(decoding: $0, as: UTF8.self).contains(#""class":"Quick""#) })
        else {
            return later(0.05) { [unowned self] in sabotage() }
        }
        var again = RedisCommand(["LPUSH", "queue:default"])
        again.add(job)
        // The oldest one is taken: it is not the one that is doubled.
        _ = desk.ask([RedisCommand(["RPOP", "queue:default"]), again])
    }
}
