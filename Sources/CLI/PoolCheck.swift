import Configuration
import Handlers
import Insight
import Platform

/// Whether the jobs of all hosts together can hold more connections of a pool than it has.
struct PoolCheck {
    private let loaded: LoadedConfiguration
    private let pools: [PoolDemand]
    private let host = ProcessIdentity.hostName

    /// - Parameter living: what living workers may want, by host and pool.
    init(_ loaded: LoadedConfiguration, living: [String: [String: Int]]) {
        self.loaded = loaded
        pools = PoolDemand.all(loaded.settings, living: living, host: host)
    }

    /// Prints what is wrong, and ends the command, if something is.
    func prove() throws {
        let problems = pools.filter(\.isOver).map { pool in
            Problem(
                file: loaded.places.file, at: loaded.places.pools[pool.name],
                message: "`pools.\(pool.name)` gives \(pool.limit) connections, and jobs may hold \(pool.total): "
                    + "\(hosts(pool)); \(advice(pool))")
        }
        guard !problems.isEmpty else { return }
        for problem in problems { Output.error("\(problem)") }
        throw Exit.configuration
    }

    /// What is well, a line for each pool.
    var lines: [String] {
        pools.map { "pool \($0.name): jobs may hold \($0.total) of \($0.limit) connections: \(hosts($0))" }
    }

    /// "web-1 (this host) 20 = 2 x 10 slots x 1, web-2 30"
    private func hosts(_ pool: PoolDemand) -> String {
        let settings = loaded.settings
        let slots = max(1, settings.processes * settings.slots)
        let processes = settings.processes == 1 ? "1 process" : "\(settings.processes) processes"
        let own =
            "\(host) (this host) \(pool.here) = \(processes) x \(settings.slots) slots x \(pool.here / slots)"
        return ([own] + pool.elsewhere.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }).joined(
            separator: ", ")
    }

    private func advice(_ pool: PoolDemand) -> String {
        let settings = loaded.settings
        let perSlot = max(1, pool.here / max(1, settings.processes * settings.slots))
        let slots = pool.left / perSlot / max(1, settings.processes) - (settings.slots - settings.concurrency)
        guard slots >= 1 else { return "raise the limit, or let fewer jobs run at once on the other hosts" }
        return "raise the limit, or set `concurrency: \(slots)` here"
    }
}
