/// How many connections all hosts together may want of a shared server, and how many it gives.
package struct PoolDemand: Equatable, Sendable {
    package var name: String
    /// What all hosts together may take.
    package var limit: Int
    /// The most this host's jobs can hold at once.
    package var here: Int
    /// By the name of the host.
    package var elsewhere: [String: Int]

    package init(name: String, limit: Int, here: Int, elsewhere: [String: Int] = [:]) {
        self.name = name
        self.limit = limit
        self.here = here
        self.elsewhere = elsewhere
    }

    package var total: Int { elsewhere.values.reduce(here, +) }
    package var isOver: Bool { total > limit }
    /// What is left for this host.
    package var left: Int { limit - (total - here) }

    /// "web-1: 20, web-2: 40", this host first.
    package func list(here name: String) -> String {
        ([(name, here)] + elsewhere.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
            .map { "\($0.0): \($0.1)" }.joined(separator: ", ")
    }

    /// Of one kind of handler: how it holds connections.
    package struct Handler: Equatable, Sendable {
        /// Its processes live on after a job, and keep what they have opened.
        package var isServe: Bool
        /// Of each running job, by pool.
        package var connections: [String: Int]

        package init(isServe: Bool, connections: [String: Int]) {
            self.isServe = isServe
            self.connections = connections
        }
    }

    /// The most connections one worker can hold of each pool. A process that serves keeps its connections while it has
    /// nothing to do, so handlers that serve add up; of those with a process for each job, no more run than there are slots.
    package static func demand(of handlers: [Handler], slots: Int) -> [String: Int] {
        var demand: [String: Int] = [:]
        for name in Set(handlers.flatMap(\.connections.keys)) {
            let held = handlers.map { (isServe: $0.isServe, count: $0.connections[name] ?? 0) }
            let kept = held.filter(\.isServe).reduce(0) { $0 + $1.count }
            let brief = held.filter { !$0.isServe }.map(\.count).max() ?? 0
            demand[name] = (kept + brief) * slots
        }
        return demand
    }
}
