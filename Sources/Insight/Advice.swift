/// What follows from what runs have cost: recommendations with their arithmetic, and what is not known. Pure.
package struct Advice: Equatable, Sendable {
    /// One class, as the table of the largest shows it.
    package struct Row: Equatable, Sendable {
        package var name: String
        package var runs: Int
        package var failures: Int
        /// Of the time that all classes took together, 0...1.
        package var share: Double
        package var meanSeconds: Double
        package var runsPerMinute: Double
        /// Quantiles of durations, 0.5, 0.95 and 0.99; seconds.
        package var p50, p95, p99: Double
        /// Of the time in which they did not wait for a core, and the share of all their time in which they did; nil if it was
        /// not measured.
        package var ioShare, coreWaitShare: Double?
        /// Some of its runs shared a process with others.
        package var isEstimate: Bool
        /// 95 % of jobs had waited in their queue at most so long, in seconds; nil if they do not say.
        package var queueP95: Double?
        /// The highest peak of one run, and the most that stayed after one, in bytes; nil if it was not measured.
        package var memoryPeak, memoryRetained: Int?
        package var measured: Int
        package var handler: String?
        package var queues: [String]
        package var isIsolated: Bool
    }

    /// The largest share of time first.
    package var rows: [Row]
    package var recommendations: [Recommendation]
    /// Sentences.
    package var unknowns: [String]
    package var sure: Recommendation.Sureness
    package var mix: JobMix

    package init(_ facts: AdviceFacts) {
        let mix = JobMix(facts.classes, handlers: facts.handlers)
        self.mix = mix
        rows = Self.rows(facts)
        sure = Self.sureness(facts, mix)
        recommendations =
            SlotAdvice(facts, mix, sure: sure).recommendations + QueueAdvice(facts).recommendations
            + MemoryAdvice(facts).recommendations + PoolAdvice(facts).recommendations
        unknowns = Self.unknowns(facts, mix)
    }

    /// What concerns one class: its row, the recommendations that name it, and how much is known of it.
    package func about(_ jobClass: String, _ facts: AdviceFacts) -> (advice: Advice, facts: AdviceFacts) {
        var facts = facts
        facts.classes.removeAll { $0.name != jobClass }
        facts.incidents.removeAll { $0.jobClass != jobClass }
        var advice = self
        advice.rows.removeAll { $0.name != jobClass }
        advice.recommendations.removeAll { $0.jobClass != jobClass }
        advice.mix = JobMix(facts.classes, handlers: facts.handlers)
        advice.sure = Self.sureness(facts, advice.mix)
        advice.unknowns = Self.unknowns(facts, advice.mix)
        return (advice, facts)
    }

    private static func sureness(_ facts: AdviceFacts, _ mix: JobMix) -> Recommendation.Sureness {
        let sure = Recommendation.Sureness.of(runs: mix.measured, seconds: facts.seconds)
        let isDoubtful =
            mix.estimated * 2 > mix.measured || mix.withoutChildren * 2 > mix.measured || mix.knownShare < 0.5
            || SlotAdvice.usualThreads(facts) > 1
        return isDoubtful ? sure.lower : sure
    }

    private static func rows(_ facts: AdviceFacts) -> [Row] {
        let total = facts.classes.reduce(0) { $0 + $1.cost.wallMicroseconds }
        let isolated = Set(facts.isolated.map(\.jobClass))
        let rows = facts.classes.filter { $0.cost.runs > 0 }.map { entry in
            let cost = entry.cost
            func duration(_ share: Double) -> Double { Double(cost.durations.quantile(share) ?? 0) / 1e6 }
            return Row(
                name: entry.name, runs: cost.runs, failures: cost.failures,
                share: total > 0 ? Double(cost.wallMicroseconds) / Double(total) : 0,
                meanSeconds: Double(cost.wallMicroseconds) / Double(cost.runs) / 1e6,
                runsPerMinute: Double(cost.runs) / max(facts.seconds, 1) * 60,
                p50: duration(0.5), p95: duration(0.95), p99: duration(0.99), ioShare: cost.ownIOShare,
                coreWaitShare: cost.coreWaitShare,
                isEstimate: cost.estimated > 0, queueP95: cost.queueing.quantile(0.95).map { Double($0) / 1000 },
                memoryPeak: cost.memoryRuns > 0 ? cost.highestPeak : nil,
                memoryRetained: cost.memoryRuns > 0 ? cost.highestRetained : nil, measured: cost.measured,
                handler: entry.handler, queues: cost.queues.sorted.map(\.queue),
                isIsolated: isolated.contains(entry.name))
        }
        return rows.sorted { ($1.share, $0.name) < ($0.share, $1.name) }
    }

    private static func unknowns(_ facts: AdviceFacts, _ mix: JobMix) -> [String] {
        guard facts.classes.contains(where: { $0.cost.runs > 0 }) else { return [] }
        var unknowns: [String] = []
        if mix.measured == 0 {
            unknowns.append("No run was measured, so what waits for I/O and what computes is not known.")
        } else if mix.knownShare < 0.95 {
            unknowns.append(
                "Classes with \(Quantities.percent(1 - mix.knownShare)) of the time were not measured; the advice leaves "
                    + "them out.")
        }
        if mix.withoutChildren > 0 {
            unknowns.append(
                "What handlers' own children computed was not seen in \(mix.withoutChildren) of \(mix.measured) measured "
                    + "runs: it counts as I/O. A delegated cgroup shows it.")
        }
        if mix.estimated > 0 {
            unknowns.append(
                "\(mix.estimated) of \(mix.measured) measured runs shared a process with others (threads above 1): their "
                    + "figures are shares of a common sum.")
        }
        if mix.measured > 0, SlotAdvice.usualThreads(facts) > 1 {
            unknowns.append(
                "Whether threads of one process compute at once, or one at a time behind a global lock, is not known; it is "
                    + "taken from how long they waited.")
        }
        if mix.measured > 0, mix.memoryRuns == 0 {
            unknowns.append("The memory of no run was measured, so what a slot takes is not known.")
        }
        let strangers = facts.classes.filter { $0.handler == nil && $0.cost.runs > 0 }
        if !strangers.isEmpty {
            let names = strangers.prefix(3).map(\.name).joined(separator: ", ")
            let more = strangers.count > 3 ? " and \(strangers.count - 3) more" : ""
            unknowns.append("No handler of this configuration takes \(names)\(more): how they are run is not known.")
        }
        if facts.hosts.isEmpty {
            unknowns.append("No worker runs now; the advice is for the configuration as it is.")
        } else if facts.hosts.contains(where: { !$0.isOurs }) {
            unknowns.append(
                "Costs are those of \(Quantities.count(facts.hosts.count, "host")) together; cores and memory are those of "
                    + "this one.")
        }
        return unknowns
    }
}
