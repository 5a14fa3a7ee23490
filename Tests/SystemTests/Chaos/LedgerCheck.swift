/// Judges a campaign by its ledgers alone: the invariants I1 to I8, and that nothing runs before its time. Pure.
struct LedgerCheck {
    private(set) var violations: [Violation] = []
    private(set) var figures = Figures()

    private let ledgers: Ledgers
    private let disturbances: Disturbances
    private let hindrances: Disturbances
    /// In the order of their begin.
    private let freezes: [Ledgers.Hit]
    private var runs: [JobName: [Ledgers.Run]]
    private var doubledBy: [Int: Int] = [:]

    /// What can be counted in the ledgers.
    struct Figures: Sendable {
        var pushed = 0
        var unacknowledged = 0
        var children = 0
        var done = 0
        var dead = 0
        var poisoned = 0
        var left = 0
        var lost = 0
        var runs = 0
        var justified = 0
        var unjustified = 0
        /// Of each job that a killed worker was running: seconds until it ran again. Without those that something else
        /// kept from it at the same time.
        var ranAgainAfter: [Double] = []
    }

    /// - Returns: every violation, the worst rules first.
    init(_ ledgers: Ledgers) {
        self.ledgers = ledgers
        disturbances = Disturbances(ledgers.hits)
        hindrances = Disturbances(ledgers.hits, ofRescue: true)
        freezes = ledgers.hits.filter { $0.frozen != .nobody }.sorted { $0.at < $1.at }
        runs = Dictionary(grouping: ledgers.runs, by: \.name)
        for name in runs.keys { runs[name]?.sort { $0.startedAt < $1.startedAt } }
        figures.runs = ledgers.runs.count
        for line in ledgers.unreadable.prefix(20) { violations.append(Violation(.unreadable, line)) }
        var expected: Set<JobName> = []
        for push in ledgers.pushed { judge(push, &expected) }
        for (name, some) in runs where !expected.contains(name) {
            violations.append(Violation(.stranger, "\(name) ran and was not pushed", some.map(\.description)))
        }
        judgeBounds()
        judgeCounters()
        judgeSilences()
        for stray in ledgers.final.strays { violations.append(Violation(.stray, stray)) }
    }

    // MARK: One job

    private mutating func judge(_ push: Ledgers.Push, _ expected: inout Set<JobName>) {
        expected.insert(push.name)
        figures.pushed += 1
        if !push.isAcknowledged { figures.unacknowledged += 1 }
        let isDone = judge(push.name, push.kind, push.fingerprint, isSure: push.isAcknowledged)
        if let due = push.due, let first = runs[push.name]?.first, first.startedOn < due - 0.05 {
            blame(.early, push.name, "started \(due - first.startedOn) s before it was due")
        }
        for number in 1..<(1 + push.kind.children) {
            let child = JobName(push.name.number, child: number)
            expected.insert(child)
            // They exist if their parent was settled as done, and only then.
            guard isDone || runs[child] != nil else { continue }
            figures.children += 1
            _ = judge(child, .quick, ChaosJob.childFingerprint(child), isSure: isDone)
        }
    }

    /// - Parameter isSure: it must have existed.
    /// - Returns: whether it was done.
    private mutating func judge(
        _ name: JobName, _ kind: ChaosJob.Kind, _ fingerprint: UInt64, isSure: Bool
    ) -> Bool {
        let mine = runs[name] ?? []
        let places = ledgers.final.places[name] ?? []
        guard isSure || !mine.isEmpty || !places.isEmpty else { return false }
        if places.count > 1 { blame(.twice, name, "is in \(places)") }
        if let wrong = mine.first(where: { $0.fingerprint != fingerprint }) {
            blame(.payload, name, "was seen as \(String(wrong.fingerprint, radix: 16))")
        }
        let isPoisoned = ledgers.final.poisoned.contains(name)
        let wasDone = mine.contains { $0.outcome == .done }
        switch places.first {
        case "dead":
            figures.dead += 1
            if isPoisoned {
                figures.poisoned += 1
                judgePoison(name, mine)
            } else if !kind.endsDead {
                blame(.wrongEnd, name, "is in the dead set")
            } else if !mine.contains(where: { $0.outcome == .dead }) {
                blame(.neverRan, name, "is in the dead set and never said so")
            }
        case .some(let place):
            figures.left += 1
            blame(.left, name, "is still in \(place)")
        case nil where kind.endsDead:
            figures.lost += 1
            blame(.lost, name, "is not in the dead set")
        case nil where wasDone: figures.done += 1
        case nil:
            figures.lost += 1
            blame(.lost, name, mine.isEmpty ? "never ran and is nowhere" : "was never done and is nowhere")
        }
        judgeRepetitions(mine)
        return places.isEmpty && wasDone
    }

    /// Three unexplained deaths, so at least three deeds that kill. Nobody can tell why a worker of another host died that
    /// could not say farewell.
    private mutating func judgePoison(_ name: JobName, _ mine: [Ledgers.Run]) {
        let kills = ledgers.hits.filter { hit in
            mine.contains { run in
                let mayKill = hit.isKill || hit.isFreeze || hit.isStop && isDisturbed(hit, for: run)
                return mayKill && hit.scope.covers(run) && mayHaveHit(hit, run)
            }
        }
        if kills.count < 3 { blame(.wrongEnd, name, "is buried as poison after \(kills.count) deaths") }
    }

    /// Every run but the last one was one too many, unless it failed as it should and was retried.
    private mutating func judgeRepetitions(_ mine: [Ledgers.Run]) {
        guard mine.count > 1 else { return }
        for (run, next) in zip(mine, mine.dropFirst()) {
            let isRetry = run.outcome == .failed && next.attempt == run.attempt + 1
            if isRetry {
                // 15 s at least, of the clock of Redis.
                if next.startedAt < ledgers.hurriedFrom, let end = run.endedOn, next.startedOn < end + 14.9 {
                    blame(.early, run.name, "was retried after \(next.startedOn - end) s")
                }
                continue
            }
            // Of several deeds the one that strikes fewest is the reason.
            let reasons = ledgers.hits.indices.filter { index in
                let hit = ledgers.hits[index]
                return hit.scope.covers(run) && mayHaveHit(hit, run) && next.startedAt >= hit.at
            }
            if let reason = reasons.min(by: { ledgers.hits[$0].mostRuns < ledgers.hits[$1].mostRuns }) {
                figures.justified += 1
                doubledBy[reason, default: 0] += 1
                noteRecovery(ledgers.hits[reason], run, next)
            } else {
                figures.unjustified += 1
                blame(.duplicate, run.name, "ran again for no reason: attempt \(next.attempt) after \(run.attempt)")
            }
            judgeOverlap(run, next)
        }
    }

    private mutating func judgeOverlap(_ run: Ledgers.Run, _ next: Ledgers.Run) {
        guard let end = run.endedAt, end > next.startedAt else { return }
        // A frozen worker's handlers go on; nobody else's do.
        let isExcused = ledgers.hits.contains { $0.isFreeze && $0.scope.covers(run) && mayHaveHit($0, run) }
        if !isExcused { blame(.sideBySide, run.name, "ran twice at a time for \(end - next.startedAt) s") }
    }

    /// Whether the run was under way, or over and not settled yet, at some moment of a deed.
    private func mayHaveHit(_ hit: Ledgers.Hit, _ run: Ledgers.Run) -> Bool {
        // A run may start in the instant of the blow, before it is felt.
        guard run.startedAt <= hit.until + 0.2 else { return false }
        guard let end = run.endedAt else { return true }
        // Normally a run is settled within milliseconds; while the way to Redis is disturbed it waits.
        return hit.at <= settled(run, by: end + 1)
    }

    /// When a run that ended has been settled at the latest: nobody settles who is frozen or cut off.
    private func settled(_ run: Ledgers.Run, by time: Double) -> Double {
        var time = disturbances.end(from: time, on: run.host)
        for freeze in freezes where freeze.frozen.covers(run) && freeze.at <= time && freeze.until + 1 > time {
            time = disturbances.end(from: freeze.until + 1, on: run.host)
        }
        return time
    }

    /// Whether, while a deed went on, something else disturbed the run's host or froze its worker.
    private func isDisturbed(_ hit: Ledgers.Hit, for run: Ledgers.Run) -> Bool {
        ledgers.hits.contains {
            !$0.isStop && ($0.disturbs.contains(run.host) || $0.frozen.covers(run)) && $0.at <= hit.until
                && $0.until >= hit.at
        }
    }

    private mutating func noteRecovery(_ hit: Ledgers.Hit, _ run: Ledgers.Run, _ next: Ledgers.Run) {
        guard hit.isKill, case .worker(let host, _) = hit.scope, run.endedAt == nil || run.endedAt! > hit.at,
            !hindrances.touch(host, from: hit.at - 1, to: next.startedAt)
        else { return }
        figures.ranAgainAfter.append(next.startedAt - hit.at)
    }

    // MARK: All of them

    private mutating func judgeBounds() {
        for (index, count) in doubledBy.sorted(by: { $0.key < $1.key }) {
            let hit = ledgers.hits[index]
            guard count > hit.mostRuns else { continue }
            violations.append(
                Violation(
                    .tooMany, "\(count) runs were repeated, \(hit.mostRuns) can have been under way",
                    [
                        hit.description
                    ]))
        }
    }

    /// Every settled run counts once, and a job's attempts count its settled runs. Of a job that was buried by a rescue
    /// the last run was never settled.
    private mutating func judgeCounters() {
        let final = ledgers.final
        var (processed, failed, unsure) = (0, 0, 0)
        for (name, mine) in runs {
            let attempts = mine.map(\.attempt).max() ?? 0
            let isDead = final.places[name]?.first == "dead"
            processed += attempts
            failed += isDead ? attempts : attempts - 1
            if final.poisoned.contains(name) { unsure += 1 }
        }
        func compare(_ name: String, _ value: Int, _ expected: Int) {
            guard value > expected || value < expected - unsure else { return }
            violations.append(
                Violation(.counters, "\(name) is \(value), and by the ledgers \(expected) (less at most \(unsure))"))
        }
        compare("stat:processed", final.processed, processed)
        compare("stat:failed", final.failed, failed)
        if final.poisonedCount != final.poisoned.count {
            violations.append(
                Violation(
                    .counters,
                    "martlet:stat:poisoned is \(final.poisonedCount), \(final.poisoned.count) are in the dead set"))
        }
    }

    private mutating func judgeSilences() {
        for silence in ledgers.silences {
            let span = silence.from..<silence.until
            for run in ledgers.runs where run.host == silence.host {
                guard span.contains(run.startedAt) || run.endedAt.map(span.contains) == true else { continue }
                violations.append(
                    Violation(
                        .afterStop, "host \(silence.host) had stopped at \(Ledgers.Run.text(silence.from))",
                        [
                            run.description
                        ]))
            }
        }
    }

    private mutating func blame(_ rule: Violation.Rule, _ name: JobName, _ what: String) {
        // Enough to look into; the figures count all of them.
        guard violations.count < 200 else { return }
        let mine = runs[name] ?? []
        let near = ledgers.hits.filter { hit in
            mine.contains { hit.at >= $0.startedAt - 5 && hit.at <= ($0.endedAt ?? $0.startedAt) + 25 }
        }
        violations.append(
            Violation(
                rule, "\(name) \(what)",
                mine.map(\.description) + near.prefix(60).map(\.description)
                    + (ledgers.final.places[name].map { ["in Redis: \($0)"] } ?? [])))
    }
}
