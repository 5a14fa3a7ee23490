/// Whether the connections that shared servers give suffice for all jobs that may run at once.
struct PoolAdvice {
    private let facts: AdviceFacts

    init(_ facts: AdviceFacts) { self.facts = facts }

    var recommendations: [Recommendation] {
        facts.pools.filter { $0.total > 0 }.sorted { $0.name < $1.name }.map { pool in
            let hosts = pool.elsewhere.count + (pool.here > 0 ? 1 : 0)
            var advice = Recommendation(
                .pool,
                pool.isOver
                    ? "Pool \(pool.name) is too small: jobs may want \(pool.total) connections, and it gives \(pool.limit). "
                        + "Raise it, or run fewer at once."
                    : "Pool \(pool.name) suffices: jobs may want \(pool.total) of its \(pool.limit) connections.",
                sure: .high)
            advice.isKept = !pool.isOver
            advice.setting = "pools.\(pool.name).limit"
            advice.present = pool.limit
            advice.value = pool.isOver ? pool.total : pool.limit
            let elsewhere = pool.elsewhere.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            advice.arithmetic = [
                "\(Quantities.count(hosts, "host")): "
                    + (["this one \(pool.here)"] + elsewhere).joined(separator: " + ") + " = \(pool.total)"
            ]
            return advice
        }
    }
}
