import Glibc
import Platform

/// What every scenario needs: the binary, the programs, a Redis without a disk and one with.
final class Rig {
    let martlet: String
    let patience: Patience
    let workshop: Workshop
    let server: Server
    let durableServer: Server

    private init(martlet: String, _ patience: Patience, _ workshop: Workshop, _ server: Server, _ durable: Server) {
        self.martlet = martlet
        self.patience = patience
        self.workshop = workshop
        self.server = server
        durableServer = durable
    }

    /// Makes what is needed, and takes it away again: nothing that was started is left when it returns or throws.
    static func with<Result>(martlet: String, _ body: (Rig) throws -> Result) throws -> Result {
        guard
            let path = realpath(martlet, nil).map({ path in
                defer { free(path) }
                return String(cString: path)
            })
        else { throw SystemError.last("find \(martlet)") }
        let patience = try Patience()
        let workshop = try Workshop(patience: patience)
        defer { workshop.remove() }
        let server = try Server("redis", appendOnly: false, workshop, patience)
        defer { server.stop() }
        let durable = try Server("redis-aof", appendOnly: true, workshop, patience)
        defer { durable.stop() }
        return try body(Rig(martlet: path, patience, workshop, server, durable))
    }

    /// Measures each scenario once, then each once more, and so on: whatever else the machine does meanwhile meets all.
    static func measure(_ scenarios: [Scenario], repetitions: Int, martlet: String) throws -> Table {
        try with(martlet: martlet) { rig in
            var table = Table(machine: try Machine(rig.server), repetitions: repetitions, scenarios)
            for repetition in 1...repetitions {
                var round: [String: Sample] = [:]
                for scenario in scenarios {
                    Progress.show("\(repetition)/\(repetitions) \(scenario.name)")
                    var sample = try scenario.measure(rig)
                    sample.compare(with: scenario.limit, among: round)
                    round[scenario.name] = sample
                    table.add(sample, to: scenario.name)
                }
            }
            Progress.end()
            return table
        }
    }

    /// Runs a body with a daemon on an empty Redis.
    func withDaemon<Result>(_ setup: Daemon.Setup, _ server: Server, _ body: (Daemon) throws -> Result) throws -> Result
    {
        try server.call("FLUSHALL")
        let daemon = try Daemon(setup, martlet: martlet, server: server, workshop, patience)
        defer { daemon.stop() }
        return try body(daemon)
    }
}

extension Sample {
    fileprivate mutating func compare(with limit: Scenario.Limit?, among round: [String: Sample]) {
        if let mine = cpuMicroseconds, let theirs = round[Suite.yardstick]?.cpuMicroseconds { cost = mine / theirs }
        switch limit {
        case .ideal(let rate): ratio = jobsPerSecond.map { $0 / rate }
        case .scenario(let name):
            guard let other = round[name] else { return }
            if let mine = jobsPerSecond, let theirs = other.jobsPerSecond {
                ratio = mine / theirs
            } else if let mine = latencies.median, let theirs = other.latencies.median {
                ratio = mine / theirs
            }
        case nil: break
        }
    }
}
