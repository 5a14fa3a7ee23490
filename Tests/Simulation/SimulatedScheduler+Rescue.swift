import JobModel
import Platform
import Queueing
import Redis

/// What RescueOrphans and DeathCount do.
extension SimulatedScheduler {
    private typealias Deaths = [ReservationID: CountedDeath]

    func rescueOrphans(_ done: @escaping () -> Void) {
        if world.breakage == .rescuedOnlyAtStart && hasRescued { return done() }
        rescueDeclared { [unowned self] in
            call(.leases) { [unowned self] answer in
                guard case .leases(let leases) = answer else { return done() }
                hasRescued = true
                let over = judgesLeases ? leases.filter(isOver) : []
                each(over[...], { [unowned self] in rescueLost($0.identity, $1) }) { [unowned self] in
                    let nearby = leases.filter { $0.identity.hasPrefix("\(host.name):") }
                    each(nearby[...], { [unowned self] in rescueGone($0.identity, $1) }, done)
                }
            }
        }
    }

    private func isOver(_ lease: Rescue.Lease) -> Bool {
        world.breakage == .judgedByNodeClock ? lease.endsAt <= host.wall : lease.isOver
    }

    private func each<Element>(
        _ elements: ArraySlice<Element>, _ body: @escaping (Element, @escaping () -> Void) -> Void,
        _ done: @escaping () -> Void
    ) {
        guard let first = elements.first else { return done() }
        body(first) { [unowned self] in each(elements.dropFirst(), body, done) }
    }

    /// Those the supervisor has reaped.
    func rescueDeclared(_ done: @escaping () -> Void) {
        guard let (identity, death) = dead.first, world.breakage != .rescuedOnlyAtStart else { return done() }
        let forget = { [unowned self] in
            dead.removeAll { $0.identity == identity }
            rescueDeclared(done)
        }
        guard let death else { return rescue(identity, force: true, [:], .declared(running: []), forget) }
        count(identity, running: Set(death.running), lastDeath: "worker \(death.how)") { [unowned self] deaths in
            // What could not be counted because Redis refused is not demanded.
            let known = deaths != nil && world.plan.poison.isOn
            rescue(identity, force: true, deaths ?? [:], .declared(running: known ? death.running : []), forget)
        }
    }

    /// One whose lease is over. If it is seen to live, its end counts against nobody.
    private func rescueLost(_ identity: String, _ done: @escaping () -> Void) {
        call(.origin(identity)) { [unowned self] answer in
            guard case .origin(let origin) = answer else { return done() }
            let cause = Books.Cause.lease(seenFrom: host.name)
            let force = world.breakage == .livenessNotAskedAgain || world.breakage == .judgedByNodeClock
            if origin?.boot == host.bootID, host.isRunning(identity), world.breakage != .livingCountedDead {
                return rescue(identity, force: force, [:], cause, done)
            }
            countVanished(identity, lastDeath: "worker gone, its lease ran out") { [unowned self] in
                rescue(identity, force: force, $0, cause, done)
            }
        }
    }

    /// One of this boot whose process is no longer there.
    private func rescueGone(_ identity: String, _ done: @escaping () -> Void) {
        call(.origin(identity)) { [unowned self] answer in
            guard case .origin(let origin?) = answer, origin.boot == host.bootID, !host.isRunning(identity) else {
                return done()
            }
            countVanished(identity, lastDeath: "worker gone together with its supervisor") { [unowned self] in
                rescue(identity, force: true, $0, .gone, done)
            }
        }
    }

    // MARK: Counting deaths

    private func countVanished(_ identity: String, lastDeath: String, _ counted: @escaping (Deaths) -> Void) {
        guard world.plan.poison.isOn else { return counted([:]) }
        call(.ownRecord(identity)) { [unowned self] answer in
            guard case .ownRecord(let record) = answer, !record.isQuiet, !record.sequences.isEmpty else {
                return counted([:])
            }
            count(identity, running: record.sequences, lastDeath: lastDeath) { counted($0 ?? [:]) }
        }
    }

    /// - Parameter counted: gets nil if Redis refused, so that nothing is known.
    private func count(
        _ identity: String, running: Set<UInt64>, lastDeath: String, _ counted: @escaping (Deaths?) -> Void
    ) {
        guard world.plan.poison.isOn, !running.isEmpty else { return counted([:]) }
        let refused = { counted(nil) }
        call(.ids(identity), refused: refused) { [unowned self] answer in
            guard case .ids(let held) = answer else { return counted([:]) }
            let all = world.breakage == .reservedCountsAsRunning
            let ids = all ? held : held.filter { running.contains($0.sequence) }
            guard !ids.isEmpty else { return counted([:]) }
            call(.payloads(identity, ids), refused: refused) { [unowned self] answer in
                guard case .payloads(let reservations) = answer else { return counted([:]) }
                var jids: Set<String> = []
                let found = RunningAtDeath.deaths(
                    of: reservations, lastDeath: lastDeath, limit: world.plan.poison, now: host.wall,
                    as: .eight, counted: &jids)
                guard !found.isEmpty else { return counted([:]) }
                call(.deathCounts(found.map(\.death)), refused: refused) { answer in
                    guard case .deathCounts(let counts) = answer else { return counted([:]) }
                    let kept = RunningAtDeath.keepingWhatMayBeBuried(
                        found.map(\.death), counts: counts.map { .integer($0) })
                    counted(Deaths(uniqueKeysWithValues: zip(found.map(\.id), kept)))
                }
            }
        }
    }

    private func rescue(
        _ identity: String, force: Bool, _ deaths: Deaths, _ cause: Books.Cause, _ done: @escaping () -> Void
    ) {
        call(.rescue(identity, force: force, deaths, cause)) { [unowned self] answer in
            guard world.breakage == .rescueInTwoSteps, case .rescued(let answer) = answer, !answer.isAlive else {
                return done()
            }
            call(.forgetCopied(identity)) { _ in done() }
        }
    }
}
