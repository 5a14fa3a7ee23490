import Platform

/// Whether the concurrency that is advised, or found by itself, is a good one.
extension Rig {
    func advised(_ sweep: Sweep, _ scale: InsightScale) throws -> Finding {
        var found: [String] = []
        var worst = Double.infinity
        for share in scale.sweptShares {
            let work = Sweep.work(share: share)
            let best = try sweep.best(share: share).slots
            let runs = 300
            let advised = try withDaemon(Self.truth(), server) { daemon in
                try work.push(0..<runs, on: server)
                try wait(until: runs, daemon, server)
                return try advice(after: runs, daemon).value(of: "concurrency") ?? 10
            }
            // The largest of many points of a sweep is large by luck, too: both are measured anew, in turn.
            var rates: [[Double]] = [[], []]
            for _ in 0..<3 {
                for (index, slots) in [best, advised].enumerated() {
                    rates[index].append(try sweep.rate(share: share, slots: slots))
                }
            }
            let ratio = (rates[1].median ?? 0) / (rates[0].median ?? 1)
            worst = min(worst, ratio)
            found.append("\(share) %: \(advised), best \(best), \(Self.decimal(ratio * 100)) %")
        }
        return Finding(measured: found.joined(separator: "; "), isReached: worst >= 0.95)
    }

    func automatic(_ sweep: Sweep, _ scale: InsightScale) throws -> Finding {
        var found: [String] = []
        var isReached = true
        for share in scale.autoShares {
            let work = Sweep.work(share: share)
            let best = try sweep.best(share: share)
            var setup = Self.truth(slots: 128)
            setup.concurrency = "auto"
            let (rate, limits) = try withDaemon(setup, server) { daemon in
                try follow(work, daemon, scale)
            }
            let ratio = rate / best.rate
            let steps = Set(limits).count
            isReached = isReached && ratio >= 0.95 && steps <= 2
            found.append(
                "\(share) %: \(limits.min() ?? 0)-\(limits.max() ?? 0), best \(best.slots), "
                    + "\(Self.decimal(ratio * 100)) %")
        }
        return Finding(measured: found.joined(separator: "; "), isReached: isReached)
    }

    /// Keeps jobs waiting; after the time `auto` has to get there, counts what is done and notes the slots in use.
    private func follow(_ work: Work, _ daemon: Daemon, _ scale: InsightScale) throws -> (rate: Double, limits: [Int]) {
        let most = Int(work.ideal(slots: 128, processors: Machine.processors) * 3) + 1000
        var pushed = 0
        let start = MonotonicTime.now()
        var limits: [Int] = []
        var counted: (jobs: Int, at: MonotonicTime)?
        while MonotonicTime.now().seconds(since: start) < scale.autoSeconds + scale.watchSeconds {
            if try server.integer("LLEN", "queue:default") < most {
                try work.push(pushed..<pushed + most, on: server)
                pushed += most
            }
            if MonotonicTime.now().seconds(since: start) >= scale.autoSeconds {
                if counted == nil { counted = (try processed(), .now()) }
                limits.append(try presentConcurrency())
            }
            try patience.wait(seconds: 0.5)
        }
        guard let counted else { return (0, []) }
        let done = try processed() - counted.jobs
        return (Double(done) / MonotonicTime.now().seconds(since: counted.at), limits)
    }
}
