import Platform
import Redis

/// What the claims are put to the test with.
extension Rig {
    /// A setup whose handler does what its jobs say.
    static func truth(slots: Int = 10, threads: Int = 1, mode: String = "serve", more: String = "") -> Daemon.Setup {
        var setup = Daemon.Setup(slots: slots, mode: mode, threads: threads)
        setup.command = mode == "spawn" ? ["./truth", "spawn"] : ["./truth", "\(threads)"]
        setup.classes = "\"*\""
        setup.more = more
        return setup
    }

    /// What the daemon's configuration makes `martlet advise` say once it knows of so many runs.
    func advice(after runs: Int, _ daemon: Daemon) throws -> AdviceReport {
        var report: AdviceReport?
        // Costs are written down every few seconds.
        try daemon.wait(for: "the cost of \(runs) runs in `martlet advise`", limit: 30) {
            let text = try workshop.run(martlet, ["advise", "--json", "-C", daemon.configuration]).output
            report = try AdviceReport(json: text)
            let known = report?.classes.reduce(0) { $0 + $1.runs } ?? 0
            if known < runs { try patience.wait(seconds: 0.5) }
            return known >= runs
        }
        guard let report else { preconditionFailure("the wait ends with a report") }
        return report
    }

    /// Jobs done a second by this setup, while more wait than it can do; the first second does not count.
    func rate(of work: Work, _ setup: Daemon.Setup, seconds: Double) throws -> Double {
        try withDaemon(setup, server) { daemon in
            let most = work.ideal(slots: setup.slots, processors: Machine.processors)
            try work.push(0..<Int(most * (seconds + 3)) + 10 * setup.slots, on: server)
            // Every handler has started by then.
            try wait(until: 2 * setup.slots, daemon, server)
            try patience.wait(seconds: 0.5)
            let (first, start) = (try processed(), MonotonicTime.now())
            try patience.wait(seconds: seconds)
            let done = try processed() - first
            return Double(done) / MonotonicTime.now().seconds(since: start)
        }
    }

    func processed() throws -> Int { try server.integer("GET", "stat:processed") }

    /// The slots a worker uses at present, by its process record.
    func presentConcurrency() throws -> Int {
        let identity = try server.call("SMEMBERS", "processes").elements?.first?.text ?? ""
        return Int(try server.call("HGET", identity, "concurrency").text ?? "") ?? 0
    }
}
