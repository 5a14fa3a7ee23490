import Foundation
import Platform
import TestSupport
import Testing

/// `make fan-out CHILDREN=1000000 KILLS=50`; a small one is part of `make test`.
@Suite("Fan-out: children that a run streams", .serialized)
struct FanOutTests {
    @Test(
        "whatever kills the organiser, its worker or all of it, each child is enqueued exactly once",
        arguments: ["serve", "spawn"])
    func exactlyOnce(mode: String) throws {
        let environment = ProcessInfo.processInfo.environment
        let seed =
            Parameter.integer("MARTLET_FANOUT_SEED").map { UInt64(bitPattern: Int64($0)) }
            ?? UInt64.random(in: 1...999_999)
        var settings = FanOutCampaign.Settings(mode: mode, seed: seed)
        settings.children = Parameter.integer("MARTLET_FANOUT_CHILDREN") ?? settings.children
        settings.kills = Parameter.integer("MARTLET_FANOUT_KILLS") ?? settings.kills
        if settings.children >= 200_000 { (settings.chunk, settings.deepest) = (2000, 20_000) }
        settings.chunk = Parameter.integer("MARTLET_FANOUT_CHUNK") ?? settings.chunk
        if let binary = environment["MARTLET_FANOUT_BINARY"], !binary.isEmpty { settings.binary = binary }

        let campaign = try FanOutCampaign(settings)
        defer { campaign.end() }
        try campaign.run()
        print(campaign.table)
        #expect(campaign.found.allSatisfy { $0 == 1 }, "\(campaign.table)")
        #expect(campaign.deepestSeen < settings.deepest + settings.chunk, "a queue that is deep gets no more")
        // A debug build takes more; the figure is one of the release build.
        if settings.binary != Program.martlet {
            for role in ["worker", "all"] { #expect(campaign.peaks[role] ?? 0 <= 64 << 10, "\(campaign.table)") }
        }
        #expect(campaign.daemon.stop() == .exited(0))
        #expect(try campaign.jobs.leftovers() == [])
    }
}
