import Testing

/// The judge of a campaign is only worth something if it sees what is wrong.
@Suite("The judge of the ledgers sees")
struct LedgerCheckTests {
    /// Ledgers of two jobs that were done, one that failed and was retried, one in the dead set, and a parent.
    static func sound() -> Ledgers {
        var ledgers = Ledgers()
        for (number, kind) in [ChaosJob.Kind.quick, .sleep, .flaky, .dead, .parent].enumerated() {
            ledgers.pushed.append(push(number, kind))
        }
        ledgers.runs = [
            run(0, at: 10), run(1, at: 10.1, seconds: 2), run(2, at: 10.2, outcome: .failed),
            run(2, attempt: 2, at: 30), run(3, at: 10.3, outcome: .dead), run(4, at: 10.4),
            run(4, child: 1, at: 11), run(4, child: 2, at: 11.1),
        ]
        ledgers.final.places[JobName(3)] = ["dead"]
        ledgers.final.processed = 8
        ledgers.final.failed = 2
        return ledgers
    }

    static func push(_ number: Int, _ kind: ChaosJob.Kind, isAcknowledged: Bool = true) -> Ledgers.Push {
        Ledgers.Push(
            name: JobName(number), kind: kind, fingerprint: UInt64(number), due: nil, isAcknowledged: isAcknowledged)
    }

    static func run(
        _ number: Int, child: Int = 0, attempt: Int = 1, at: Double, seconds: Double? = 0.001,
        outcome: Ledgers.Run.Outcome = .done, host: Deed.HostName = .a, worker: Int32 = 100
    ) -> Ledgers.Run {
        let name = JobName(number, child: child)
        return Ledgers.Run(
            name: name, attempt: attempt, host: host, worker: worker, handler: 200, startedAt: at, startedOn: at,
            fingerprint: child == 0 ? UInt64(number) : ChaosJob.childFingerprint(name),
            endedAt: seconds.map { at + $0 }, endedOn: seconds.map { at + $0 }, outcome: seconds == nil ? nil : outcome)
    }

    static func kill(worker: Int32 = 100, at: Double, mostRuns: Int = 24) -> Ledgers.Hit {
        Ledgers.Hit(
            title: "kill -9 worker", at: at, until: at, scope: .worker(.a, worker), mostRuns: mostRuns, isKill: true)
    }

    static func rules(_ ledgers: Ledgers) -> Set<Violation.Rule> { Set(LedgerCheck(ledgers).violations.map(\.rule)) }

    @Test("nothing wrong where nothing is wrong")
    func nothing() {
        let check = LedgerCheck(Self.sound())
        #expect(check.violations.isEmpty, "\(check.violations)")
        #expect(check.figures.done == 6 && check.figures.dead == 1 && check.figures.lost == 0)
        #expect(check.figures.pushed == 5 && check.figures.children == 2)
    }

    @Test("a job that never ran and is nowhere, unless its push was not answered")
    func lost() {
        var ledgers = Self.sound()
        ledgers.pushed.append(Self.push(5, .quick))
        #expect(Self.rules(ledgers) == [.lost])
        ledgers.pushed[5].isAcknowledged = false
        #expect(Self.rules(ledgers).isEmpty)
    }

    @Test("a job that was begun, never done, and is nowhere, even if its push was not answered")
    func lostHalfWay() {
        var ledgers = Self.sound()
        ledgers.runs[0].endedAt = nil
        ledgers.runs[0].outcome = nil
        #expect(Self.rules(ledgers) == [.lost])
        ledgers.pushed[0].isAcknowledged = false
        #expect(Self.rules(ledgers) == [.lost])
    }

    @Test("a failed job without its retry")
    func lostRetry() {
        var ledgers = Self.sound()
        ledgers.runs.remove(at: 3)
        #expect(Self.rules(ledgers).contains(.lost))
    }

    @Test("a job that should be in the dead set and is not, and one that should not and is")
    func dead() {
        var ledgers = Self.sound()
        ledgers.final.places[JobName(3)] = nil
        ledgers.final.failed = 1
        #expect(Self.rules(ledgers) == [.lost])
        ledgers = Self.sound()
        ledgers.final.places[JobName(0)] = ["dead"]
        #expect(Self.rules(ledgers).contains(.wrongEnd))
    }

    @Test("a child that was not pushed with its parent's end")
    func children() {
        var ledgers = Self.sound()
        ledgers.runs.removeLast()
        ledgers.final.processed = 7
        #expect(Self.rules(ledgers) == [.lost])
    }

    @Test("a job in two places, and one that is left")
    func places() {
        var ledgers = Self.sound()
        ledgers.final.places[JobName(0)] = ["queue:default", "retry"]
        #expect(Self.rules(ledgers) == [.twice, .left])
    }

    @Test("a job in the dead set that never ran")
    func neverRan() {
        var ledgers = Self.sound()
        ledgers.runs.removeAll { $0.name == JobName(3) }
        (ledgers.final.processed, ledgers.final.failed) = (7, 1)
        #expect(Self.rules(ledgers) == [.neverRan])
    }

    @Test("a run too many, unless its worker was killed before it was settled")
    func duplicates() {
        var ledgers = Self.sound()
        ledgers.runs.append(Self.run(1, at: 13))
        #expect(Self.rules(ledgers) == [.duplicate])
        ledgers.hits = [Self.kill(at: 11)]
        #expect(Self.rules(ledgers).isEmpty && LedgerCheck(ledgers).figures.justified == 1)
        ledgers.hits = [Self.kill(worker: 101, at: 11)]
        #expect(Self.rules(ledgers) == [.duplicate], "another worker")
        ledgers.hits = [Self.kill(at: 9)]
        #expect(Self.rules(ledgers) == [.duplicate], "before it began")
        ledgers.hits = [Self.kill(at: 13.5)]
        #expect(Self.rules(ledgers) == [.duplicate], "after it ran again")
        ledgers.runs[8] = Self.run(1, at: 25)
        ledgers.hits = [Self.kill(at: 20)]
        #expect(Self.rules(ledgers) == [.duplicate], "long after its end")
        ledgers.hits.append(Ledgers.Hit(title: "kill -9 Redis", at: 12, until: 15, disturbs: [.a]))
        #expect(Self.rules(ledgers).isEmpty, "it could not be settled before")
        ledgers.hits = [
            Ledgers.Hit(title: "connections cut", at: 11, until: 12, disturbs: [.a]),
            Ledgers.Hit(title: "kill -9 Redis", at: 11, until: 12, disturbs: [.a]),
        ]
        #expect(Self.rules(ledgers) == [.duplicate], "a lost connection is no reason")
        ledgers.hits = [
            Ledgers.Hit(title: "worker frozen", at: 11, until: 16, frozen: .worker(.a, 100)),
            Ledgers.Hit(title: "SIGTERM, start", at: 14, until: 17, scope: .host(.a), disturbs: [.a], mostRuns: 9),
        ]
        ledgers.hits[1].isStop = true
        #expect(Self.rules(ledgers).isEmpty, "it could not be settled before the stop")
        ledgers.hits[0].frozen = .worker(.a, 101)
        #expect(Self.rules(ledgers) == [.duplicate], "another worker was frozen")
    }

    @Test("more repeated runs than a fault can have hit")
    func bounds() {
        var ledgers = Self.sound()
        ledgers.runs.append(Self.run(1, at: 13))
        ledgers.hits = [Self.kill(at: 11, mostRuns: 0)]
        #expect(Self.rules(ledgers) == [.tooMany])
    }

    @Test("two runs of a job at a time, unless its worker was frozen")
    func sideBySide() {
        var ledgers = Self.sound()
        ledgers.runs.append(Self.run(1, at: 11.5))
        ledgers.hits = [Self.kill(at: 11)]
        #expect(Self.rules(ledgers) == [.sideBySide])
        ledgers.hits[0].isFreeze = true
        #expect(Self.rules(ledgers).isEmpty)
    }

    @Test("a payload that is not what was pushed")
    func payload() {
        var ledgers = Self.sound()
        ledgers.runs[0].fingerprint = 7
        #expect(Self.rules(ledgers) == [.payload])
    }

    @Test("counters that do not agree with what ran")
    func counters() {
        for change in [-1, 1] {
            var ledgers = Self.sound()
            ledgers.final.processed += change
            #expect(Self.rules(ledgers) == [.counters])
            ledgers = Self.sound()
            ledgers.final.failed += change
            #expect(Self.rules(ledgers) == [.counters])
        }
        var ledgers = Self.sound()
        ledgers.final.poisonedCount = 1
        #expect(Self.rules(ledgers) == [.counters])
    }

    @Test("a job buried as poison that was not hit three times")
    func poison() {
        var ledgers = Self.sound()
        ledgers.runs[1] = Self.run(1, at: 10.1, seconds: nil)
        ledgers.runs += [Self.run(1, at: 11.1, seconds: nil), Self.run(1, at: 12.1, seconds: nil)]
        ledgers.final.places[JobName(1)] = ["dead"]
        ledgers.final.poisoned = [JobName(1)]
        ledgers.final.poisonedCount = 1
        ledgers.final.processed = 7
        ledgers.hits = [Self.kill(at: 11), Self.kill(at: 12)]
        #expect(Self.rules(ledgers) == [.wrongEnd])
        var stop = Ledgers.Hit(title: "SIGTERM, start", at: 13, until: 15, scope: .host(.a), disturbs: [.a])
        stop.isStop = true
        ledgers.hits.append(stop)
        #expect(Self.rules(ledgers) == [.wrongEnd], "it could be told that it was a stop")
        ledgers.hits.append(Ledgers.Hit(title: "proxy: stall", at: 14, until: 16, disturbs: [.a]))
        #expect(Self.rules(ledgers).isEmpty, "nobody could be told")
        ledgers.hits[2] = Self.kill(at: 13)
        #expect(Self.rules(ledgers).isEmpty)
    }

    @Test("what runs after a daemon had ended")
    func afterStop() {
        var ledgers = Self.sound()
        ledgers.silences = [Ledgers.Silence(host: .a, from: 11.5, until: 20)]
        #expect(Self.rules(ledgers) == [.afterStop], "the one that ended at 12.1")
        ledgers.silences = [Ledgers.Silence(host: .b, from: 11.5, until: 20)]
        #expect(Self.rules(ledgers).isEmpty)
    }

    @Test("a scheduled job before its time, and a retry before its delay")
    func early() {
        var ledgers = Self.sound()
        ledgers.pushed[0].due = 12
        #expect(Self.rules(ledgers) == [.early])
        ledgers = Self.sound()
        ledgers.runs[3] = Self.run(2, attempt: 2, at: 20)
        #expect(Self.rules(ledgers) == [.early])
        ledgers.hurriedFrom = 19
        #expect(Self.rules(ledgers).isEmpty)
    }

    @Test("what runs and was never pushed, what lies about, and lines that cannot be read")
    func strangers() {
        var ledgers = Self.sound()
        ledgers.runs.append(Self.run(9, at: 12))
        ledgers.final.processed += 1
        ledgers.final.strays = ["key x"]
        ledgers.unreadable = ["S j1"]
        #expect(Self.rules(ledgers) == [.stranger, .stray, .unreadable])
    }

    @Test("the lines that handlers write, and none that is cut off")
    func lines() {
        let text = """
            S j17 1 a 100 200 1500000000 2500000000 ff
            S j18.2 3 b 101 200 1600000000 2600000000 0
            E j17 1 a 100 200 1700000000 2700000000 d
            E j99 1 a 100 200 1700000000 2700000000 d
            S j18
            E j18.2 3 b 101 200 1800000000 28
            """
        let ledger = RunLedger(Array(text.utf8))
        #expect(ledger.runs.count == 2 && ledger.unreadable.count == 3)
        #expect(ledger.runs.first?.outcome == .done && ledger.runs.first?.endedAt == 1.7)
        #expect(ledger.runs.first?.fingerprint == 255 && ledger.runs.first?.startedOn == 2.5)
        #expect(ledger.runs.last?.name == JobName(18, child: 2) && ledger.runs.last?.host == .b)
        #expect(ledger.runs.last?.outcome == nil)
    }

    @Test("the same schedule from the same seed, and another one from another")
    func schedule() {
        func deeds(_ seed: UInt64) -> [Deed] {
            Schedule(seed: seed, seconds: 300, hasSecondHost: true).entries.map(\.deed)
        }
        #expect(deeds(1) == deeds(1) && deeds(1) != deeds(2) && deeds(1).count > 100)
        let alone = Schedule(seed: 1, seconds: 300, hasSecondHost: false).entries
        #expect(alone.allSatisfy { $0.deed == $0.deed.onFirstHost })
    }
}
