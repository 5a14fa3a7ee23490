import Insight

/// Advice for people.
enum AdviceText {
    /// How many classes the table shows, unless one was asked for.
    static let mostRows = 10

    /// - Parameter jobClass: the one that was asked for.
    static func page(_ advice: Advice, _ facts: AdviceFacts, of jobClass: String? = nil) -> String {
        let noRun = jobClass.flatMap { advice.rows.isEmpty ? "There is no run of \($0) in this time." : nil }
        guard !advice.rows.isEmpty || !advice.recommendations.isEmpty else { return noRun ?? nothing }
        let parts =
            [noRun ?? head(advice, facts), table(advice, isAll: jobClass != nil)]
            + advice.recommendations.map(paragraph)
            + [unknowns(advice)]
        return parts.compactMap { $0 }.joined(separator: "\n\n")
    }

    static let nothing = """
        Nothing is known yet: no run has ended in this time. Let `martlet run` do some jobs; what they cost is here 5 seconds
        later, and `martlet advise --last 72h` looks back as far as is remembered.
        """

    private static func head(_ advice: Advice, _ facts: AdviceFacts) -> String {
        let runs = advice.rows.reduce(0) { $0 + $1.runs }
        let hosts = facts.hosts.isEmpty ? "no host runs now" : Quantities.count(facts.hosts.count, "host")
        return
            "\(Quantities.count(runs, "run")) within \(Quantities.duration(facts.seconds)), \(advice.mix.measured) measured; "
            + "\(hosts); this one has \(Quantities.number(facts.machine.cores)) cores and "
            + "\(Quantities.size(facts.machine.available)) of \(Quantities.size(facts.machine.memory)) memory available. "
            + "Sure: \(advice.sure.rawValue)."
    }

    private static func table(_ advice: Advice, isAll: Bool) -> String? {
        guard !advice.rows.isEmpty else { return nil }
        let shown = isAll ? advice.rows[...] : advice.rows.prefix(mostRows)
        let rows = shown.map { row in
            [
                row.isIsolated ? "\(row.name) (alone)" : row.name, Quantities.percent(row.share), String(row.runs),
                String(row.failures), Quantities.number(row.runsPerMinute), Quantities.duration(row.meanSeconds),
                Quantities.duration(row.p50), Quantities.duration(row.p95), Quantities.duration(row.p99),
                row.ioShare.map { (row.isEstimate ? "~" : "") + Quantities.percent($0) } ?? "?",
                row.queueP95.map(Quantities.duration) ?? "?", row.memoryPeak.map(Quantities.size) ?? "?",
                row.memoryRetained.map(Quantities.size) ?? "?",
            ]
        }
        let columns = [
            "CLASS", " TIME", " RUNS", " FAILED", " A MINUTE", " MEAN", " P50", " P95", " P99", " I/O", " WAITED P95",
            " PEAK", " KEPT",
        ]
        let rest = advice.rows.count - shown.count
        let more = rest > 0 ? "\n(\(Quantities.count(rest, "more class"))\(rest > 1 ? "es" : "") with less time)" : ""
        return Output.table(columns, rows) + more
    }

    /// The sentence, how it comes about, the lines to write, how sure it is.
    private static func paragraph(_ advice: Recommendation) -> String {
        let yaml = advice.yaml.map { ["  write: \($0)"] } ?? []
        return (["* \(advice.text) (sure: \(advice.sure.rawValue))"] + advice.arithmetic.map { "  - \($0)" } + yaml)
            .joined(separator: "\n")
    }

    private static func unknowns(_ advice: Advice) -> String? {
        guard !advice.unknowns.isEmpty else { return nil }
        return (["Not known:"] + advice.unknowns.map { "  - \($0)" }).joined(separator: "\n")
    }
}
