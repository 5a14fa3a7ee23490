/// Which queue should be split, and which keeps its jobs waiting for longer than was promised.
struct QueueAdvice {
    /// Runs that take so many times as long as those of another class are long beside them.
    static let longFactor = 10.0
    /// A class that takes less of a queue's time is in nobody's way.
    static let leastShare = 0.2
    /// Who waits for less does not notice.
    static let leastWait = 0.1

    private let facts: AdviceFacts

    init(_ facts: AdviceFacts) { self.facts = facts }

    var recommendations: [Recommendation] { splits + promises }

    private struct Member {
        var name: String
        var runs: Int
        /// Quantiles of durations, in seconds; what share of the class's runs came from this queue is not told apart.
        var p95: Double
        var wallSeconds: Double
        /// Nil if jobs do not say when they came to their queue.
        var waitP95: Double?
    }

    private func members(of queue: String) -> [Member] {
        facts.classes.compactMap { entry in
            let cost = entry.cost
            guard let own = cost.queues.entries.first(where: { $0.queue == queue }), cost.runs > 0 else { return nil }
            return Member(
                name: entry.name, runs: own.runs, p95: Double(cost.durations.quantile(0.95) ?? 0) / 1e6,
                wallSeconds: Double(cost.wallMicroseconds) / 1e6 * Double(own.runs) / Double(cost.runs),
                waitP95: cost.queueing.quantile(0.95).map { Double($0) / 1000 })
        }
    }

    private var splits: [Recommendation] {
        let names = Set(facts.classes.flatMap { $0.cost.queues.entries.map(\.queue) }).subtracting([RunsByQueue.others])
        return names.sorted().compactMap(split)
    }

    private func split(_ queue: String) -> Recommendation? {
        let members = members(of: queue)
        let all = members.reduce(0) { $0 + $1.wallSeconds }
        // Whoever waits for long, compared with how long it runs, and the more of them the worse.
        let waiting = members.filter { ($0.waitP95 ?? 0) >= max(Self.leastWait, 5 * $0.p95) }
        guard let victim = waiting.max(by: { ($0.runs, $1.name) < ($1.runs, $0.name) }), let wait = victim.waitP95
        else {
            return nil
        }
        let long = members.filter {
            $0.p95 >= Self.longFactor * max(victim.p95, 0.001) && $0.wallSeconds >= Self.leastShare * all
        }.sorted { $0.wallSeconds > $1.wallSeconds }
        guard !long.isEmpty else { return nil }
        let names = long.map(\.name).joined(separator: ", ")
        var advice = Recommendation(
            .queue,
            "Give \(names) a queue of \(long.count == 1 ? "its" : "their") own beside `\(queue)`: \(victim.name) waits behind "
                + "\(long.count == 1 ? "it" : "them"). Whoever pushes \(long.count == 1 ? "it" : "them") must name the new "
                + "queue, and `queues` must list it too.",
            sure: .of(runs: min(victim.runs, 10 * long[0].runs), seconds: facts.seconds))
        advice.queue = queue
        advice.jobClass = long[0].name
        advice.arithmetic =
            [
                "\(victim.name) runs for \(Quantities.duration(victim.p95)) and waits for \(Quantities.duration(wait)) in "
                    + "`\(queue)` (95 % of \(Quantities.count(victim.runs, "run")) at most)"
            ]
            + long.map {
                "\($0.name) runs for \(Quantities.duration($0.p95)) (95 % at most): "
                    + "\(Quantities.number($0.p95 / max(victim.p95, 0.001))) times as long, and "
                    + "\(Quantities.percent($0.wallSeconds / max(all, 1e-9))) of the queue's time"
            }
        return advice
    }

    private var promises: [Recommendation] {
        facts.queues.compactMap { queue in
            guard let promised = queue.promisedSeconds else { return nil }
            let measured = max(queue.measuredSeconds ?? 0, queue.waitingSeconds ?? 0)
            guard measured > promised else { return nil }
            var advice = Recommendation(
                .latency,
                "`\(queue.name)` does not keep its promise of \(Quantities.duration(promised)): look at it first, or give it "
                    + "slots of its own.", sure: queue.measuredSeconds == nil ? .medium : .high)
            advice.queue = queue.name
            var lines: [String] = []
            if let measured = queue.measuredSeconds {
                lines.append("95 % of jobs waited at most \(Quantities.duration(measured))")
            }
            if let waiting = queue.waitingSeconds {
                lines.append(
                    "\(Quantities.count(queue.size, "job")) \(queue.size == 1 ? "waits" : "wait") now, the first for "
                        + Quantities.duration(waiting))
            }
            advice.arithmetic = lines
            return advice
        }
    }
}
