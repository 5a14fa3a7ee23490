package import Configuration
package import Insight

extension PoolDemand {
    /// The most connections that the jobs of one worker can hold at once, by pool.
    package static func ofWorker(_ settings: Settings) -> [String: Int] {
        demand(
            of: settings.handlers.map { Handler(isServe: $0.keepsProcesses, connections: $0.connections) },
            slots: settings.slots)
    }

    /// The pools that are declared, with what this host's workers and those of others may want of them.
    ///
    /// - Parameters:
    ///   - living: what living workers may want, by host and pool.
    ///   - host: the name of ours: what its workers say now does not count, but what the configuration says.
    package static func all(
        _ settings: Settings, living: [String: [String: Int]], host: String
    ) -> [PoolDemand] {
        let own = ofWorker(settings)
        return settings.pools.map { pool in
            PoolDemand(
                name: pool.name, limit: pool.limit, here: (own[pool.name] ?? 0) * settings.processes,
                elsewhere: living.filter { $0.key != host }.compactMapValues { $0[pool.name] }.filter { $0.value > 0 })
        }
    }
}
