/// What a campaign comes to: one table.
struct Summary {
    let seed: UInt64
    let seconds: Double
    let hosts: Int
    let figures: LedgerCheck.Figures
    /// What was done how often, by title.
    let deeds: [String: Int]
    let kills: Int
    let samples: [RecoveryWatch.Sample]
    let disturbances: Disturbances
    let peak: Census
    let strays: Int
    /// Results that came after their job had been given to others.
    let lateResults: Int
    /// Jobs a second before the first deed and after the last one; nil in a short campaign.
    let rates: (before: Double, after: Double)?

    struct Recovery {
        /// Seconds, of those in which nothing else disturbed the service.
        var plain: [Double] = []
        var disturbed: [Double] = []
    }

    func recovery(_ kind: RecoveryWatch.Kind) -> Recovery {
        var recovery = Recovery()
        for sample in samples where sample.kind == kind {
            guard let seconds = sample.seconds, let until = sample.until else { continue }
            if Self.isDisturbed(sample, until, disturbances) {
                recovery.disturbed.append(seconds)
            } else {
                recovery.plain.append(seconds)
            }
        }
        return recovery
    }

    /// Whether something else kept its jobs from being rescued: Redis, or the scheduler, was out of reach.
    static func isDisturbed(_ sample: RecoveryWatch.Sample, _ until: Double, _ disturbances: Disturbances) -> Bool {
        switch sample.kind {
        case .worker: disturbances.touch(sample.host, from: sample.from - 1, to: until)
        // Those who come back begin with a connection of their own.
        case .tree: disturbances.touch(sample.host, from: sample.from + 0.001, to: until)
        // What is over long before the lease is over is forgotten by then.
        case .host: disturbances.touch(.a, from: sample.from + 8, to: until)
        }
    }

    /// Rescues that took longer than is promised, though nothing disturbed them.
    ///
    /// - Parameter machine: what a machine may add that has all the other tests to run at the same time, in seconds.
    func slow(machine: Double) -> [Violation] {
        RecoveryWatch.Kind.allCases.flatMap { kind in
            recovery(kind).plain.filter { $0 > kind.limit + machine }.map {
                Violation(
                    .slow, "\(kind.rawValue): rescued after \(Self.text($0)) s, \(Int(kind.limit)) s are promised")
            }
        }
    }

    var table: String {
        var rows: [(String, String)] = [
            ("seed", "\(seed)"), ("seconds, hosts", "\(Int(seconds)), \(hosts)"),
            ("jobs pushed", "\(figures.pushed), \(figures.unacknowledged) of them without an answer"),
            ("children pushed", "\(figures.children)"), ("done", "\(figures.done)"),
            ("dead", "\(figures.dead), \(figures.poisoned) of them as poison"), ("left", "\(figures.left)"),
            ("lost", "\(figures.lost)"), ("runs", "\(figures.runs)"),
            ("duplicates, justified", "\(figures.justified)"), ("duplicates, unjustified", "\(figures.unjustified)"),
            ("deeds", "\(deeds.values.reduce(0, +)), \(kills) of them kill"),
        ]
        for (title, count) in deeds.sorted(by: { $0.key < $1.key }) { rows.append(("  \(title)", "\(count)")) }
        for kind in RecoveryWatch.Kind.allCases {
            let recovery = recovery(kind)
            rows.append(("rescue: \(kind.rawValue)", Self.spread(recovery.plain)))
            if !recovery.disturbed.isEmpty { rows.append(("  with other faults", Self.spread(recovery.disturbed))) }
        }
        rows.append(("run again: a worker was killed", Self.spread(figures.ranAgainAfter)))
        rows.append(("late results, without effect", "\(lateResults)"))
        if let rates {
            rows.append(
                ("jobs a second", "\(Int(rates.before)) before the first deed, \(Int(rates.after)) after the last"))
        }
        rows.append(("peak memory", "\(peak.residentKB / 1024) MB"))
        rows.append(("peak descriptors", "\(peak.descriptors)"))
        rows.append(("strays", "\(strays)"))
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { $0.0 + String(repeating: " ", count: width + 2 - $0.0.count) + $0.1 }.joined(separator: "\n")
    }

    private static func spread(_ seconds: [Double]) -> String {
        guard let worst = seconds.max() else { return "none" }
        let median = seconds.sorted()[seconds.count / 2]
        return "worst \(text(worst)) s, median \(text(median)) s (\(seconds.count))"
    }

    private static func text(_ seconds: Double) -> String { "\((seconds * 100).rounded() / 100)" }
}
