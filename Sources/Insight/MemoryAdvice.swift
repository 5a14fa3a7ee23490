/// Which class is behind growing memory and should run alone, and what a change of malloc has brought.
struct MemoryAdvice {
    /// Means of memory that are nearer to each other are the same: jobs differ by as much.
    static let leastDifference = 0.05

    private let facts: AdviceFacts

    init(_ facts: AdviceFacts) { self.facts = facts }

    var recommendations: [Recommendation] {
        MemoryIncident.Kind.allCases.flatMap(incidents) + facts.handlers.compactMap(malloc)
    }

    /// One for each class, the one with most of them first.
    private func incidents(_ kind: MemoryIncident.Kind) -> [Recommendation] {
        let byClass = Dictionary(grouping: facts.incidents.filter { $0.kind == kind }, by: \.jobClass)
        return byClass.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map { name, incidents in
            advice(kind, name, incidents)
        }
    }

    private func advice(_ kind: MemoryIncident.Kind, _ name: String, _ all: [MemoryIncident]) -> Recommendation {
        let handlerName = all.first?.handler ?? ""
        let isolated = facts.isolated.first { $0.jobClass == name }
        let isolates = facts.handlers.first { $0.name == handlerName }?.isolates ?? false
        let times = all.count == 1 ? "in one run" : "in \(all.count) runs"
        // Nobody is told of no incidents.
        let worst = all.max { $0.after - $0.before < $1.after - $1.before }
        let stays = Quantities.size(max(0, (worst?.after ?? 0) - (worst?.before ?? 0)))
        // Where others always ran in the same process, it may have been one of them.
        let isGuess = all.allSatisfy { !$0.alongside.isEmpty }
        var advice: Recommendation
        switch kind {
        case .cliff:
            let remedy =
                if isolated != nil { "It has processes of its own now, which end after it." } else if isolates {
                    "`isolate: auto` gives it processes of its own when it does so again."
                } else {
                    "Let it run alone, in a process that ends after it, or work in batches."
                }
            advice = Recommendation(
                .isolate, "\(name) leaves memory behind: up to \(stays), \(times). \(remedy)", sure: .high)
            if !isolates, isolated == nil { advice.yaml = "handlers: { \(handlerName): { isolate: auto } }" }
            advice.isKept = isolated != nil || isolates
        case .growth:
            advice = Recommendation(
                .growth,
                "\(name) grows while it runs, \(times): a collection that is never emptied, most likely. Work in batches, or "
                    + "push a job for each part.", sure: .medium)
        case .outOfMemory:
            let peak = all.map(\.peak).max() ?? 0
            advice = Recommendation(
                .outOfMemory,
                "\(name) was killed for want of memory, \(times), at \(Quantities.size(peak)): work in batches, or raise "
                    + "`limits.memory` of handler \(handlerName).", sure: .high)
        }
        if isGuess { advice.sure = .low }
        advice.jobClass = name
        advice.handler = handlerName
        advice.arithmetic = all.prefix(3).map { line($0, of: kind) }
        if all.count > 3 { advice.arithmetic.append("and \(all.count - 3) more") }
        return advice
    }

    private func line(_ incident: MemoryIncident, of kind: MemoryIncident.Kind) -> String {
        let rate =
            kind == .growth && incident.seconds > 0
            ? ", \(Quantities.size(Int(Double(incident.after - incident.before) / incident.seconds * 60))) a minute"
            : ""
        let others = incident.alongside.isEmpty ? "" : "; or it was \(incident.alongside.joined(separator: ", "))"
        return
            "\(Quantities.moment(incident.at)), jid \(incident.jid ?? "-") on \(incident.host): \(Quantities.size(incident.before)) before, at most "
            + "\(Quantities.size(incident.peak)), \(Quantities.size(incident.after)) \(kind == .growth ? "by then" : "after"), "
            + "within \(Quantities.duration(incident.seconds))\(rate); arguments \(incident.argumentsDigest)\(others)"
    }

    private func malloc(_ handler: AdviceFacts.Handler) -> Recommendation? {
        guard let change = handler.malloc, let before = change.peaksBefore.meanBytes,
            let now = change.peaksNow.meanBytes,
            before > 0
        else { return nil }
        let difference = Double(now) / Double(before) - 1
        let isSame = abs(difference) < Self.leastDifference
        let isKept = isSame || difference <= 0
        let setting = "`malloc: \(change.now)` of handler \(handler.name)"
        var advice = Recommendation(
            .malloc,
            isSame
                ? "\(setting) makes no difference to `\(change.before)`."
                : "\(setting) takes \(Quantities.percent(abs(difference))) \(isKept ? "less" : "more") memory than "
                    + "`\(change.before)` did\(isKept ? "." : "; the old one was better.")",
            sure: .of(runs: min(change.peaksBefore.runs, change.peaksNow.runs), seconds: 3600))
        advice.isKept = isKept
        advice.handler = handler.name
        advice.setting = "handlers.\(handler.name).malloc"
        if !isKept { advice.yaml = "handlers: { \(handler.name): { malloc: \(change.before) } }" }
        advice.arithmetic = [
            "before, \(change.before): \(side(change.peaksBefore, before))",
            "now, \(change.now): \(side(change.peaksNow, now))",
            "the jobs may have been different ones",
        ]
        return advice
    }

    private func side(_ peaks: MallocPeaks, _ mean: Int) -> String {
        "the mean peak of \(Quantities.count(peaks.runs, "run")) was \(Quantities.size(mean)), the highest "
            + Quantities.size(peaks.highestKB << 10)
    }
}
