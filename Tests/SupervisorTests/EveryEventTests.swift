import Platform
import Testing

@testable import Supervisor

@Suite("Whatever happens, in whatever order")
struct EveryEventTests {
    /// SplitMix64: the same seed gives the same story.
    private struct Chance: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    @Test(
        "a stop always ends: no child is left, none is started again, and it takes no longer than promised",
        arguments: 0..<300)
    func ends(seed: UInt64) {
        var chance = Chance(state: seed)
        var service = Service(workers: 3, range: 1...3, redisServer: true, stopTimeout: 25, watchdogSeconds: 30)
        service.start()
        for _ in 0..<60 { step(&service, &chance) }
        if case .ended = service.state.phase { return }
        let askedAt = service.now
        var deeds = service.asks(.stop)
        // Nobody answers: every child ends only when it is killed.
        for _ in 0..<100 where !deeds.contains(where: isExit) {
            let due = service.state.nextDeadline
            deeds = service.passes(seconds: due.seconds(since: service.now))
            #expect(!deeds.contains { if case .spawn = $0 { true } else { false } })
            for name in service.killed { deeds += service.ends(name, .signaled(.kill, coreDumped: false)) }
        }
        #expect(deeds.contains(where: isExit))
        #expect(service.running == [])
        // Ours within the time-out and 2 s, then redis-server with 10 s of its own.
        #expect(service.now.seconds(since: askedAt) <= 25 + 2 + 10 + 0.3)
        #expect(service.asks(.stop) == [])
        #expect(service.state.nextDeadline == .never)
    }

    @Test("every seat is filled, waits for a known time, or is being replaced", arguments: 300..<500)
    func seats(seed: UInt64) {
        var chance = Chance(state: seed)
        var service = Service(workers: 2, redisServer: true)
        service.startAndBecomeReady()
        for _ in 0..<80 {
            step(&service, &chance)
            guard !service.state.isStopping, service.state.phase != .ended else { return }
            for seat in service.state.seats {
                let isReplaced = service.state.reload?.isReplacing(seat.spec.name) == true
                #expect(service.state.child(seat.current) != nil || seat.restartAt != .never || isReplaced)
            }
            let seated = service.state.seats.compactMap(\.current)
            #expect(Set(seated).count == seated.count)
        }
    }

    private func isExit(_ deed: Service.Deed) -> Bool { if case .exit = deed { true } else { false } }

    private func step(_ service: inout Service, _ chance: inout Chance) {
        service.canSpawn = Int.random(in: 0..<10, using: &chance) > 0 || service.state.phase == .starting
        guard let name = service.running.randomElement(using: &chance) else { return }
        switch Int.random(in: 0..<15, using: &chance) {
        case 0...3: service.says(name, .ready)
        case 4: service.says(name, .progress)
        case 5: service.says(name, .identity("host:\(name)"))
        case 6: service.ends(name, .exited([0, 1, 78].randomElement(using: &chance) ?? 0))
        case 7: service.ends(name, .signaled(.kill, coreDumped: false))
        case 8: service.tell(.undelivered(service.id(name), .dead(identity: "host:\(name)")))
        case 9: service.tell(.undelivered(service.id(name), .retire))
        case 10: service.asks([.quiet, .describe].randomElement(using: &chance) ?? .quiet)
        case 11: service.asks(.reload)
        case 12:
            let server = [nil, "/usr/bin/redis-server", "/opt/redis-server"].randomElement(using: &chance) ?? nil
            let workers = Int.random(in: 1...3, using: &chance)
            service.tell(.planned(Service.plan(workers: workers, redisServer: server, range: 1...workers)))
        case 13: service.says(name, .workers(Int.random(in: 0...5, using: &chance)))
        default: service.passes(seconds: Double.random(in: 0...70, using: &chance))
        }
        for name in service.killed { service.ends(name, .signaled(.kill, coreDumped: false)) }
    }
}
