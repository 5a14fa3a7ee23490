import JobModel

/// START HERE: one run from a seed. First a time of faults (nothing may be lost or run twice for no reason), then a time
/// without (everything has to be finished, and nothing may be left over).
enum Simulation {
    struct Report: Equatable {
        let seed: UInt64
        /// Differs if anything in the run does.
        let digest: UInt64
        let operations: Int
        let pushed: Int
        let over: Int
        let dead: Int
        let runs: Int
        /// Runs of jobs that had been run before, because their process was lost.
        let repeats: Int
        let virtualSeconds: Double
        /// What must not have happened; empty if all is well.
        let violations: [String]
    }

    /// - Parameter trace: gets every step of the run, a line each.
    static func run(seed: UInt64, breakage: Breakage? = nil, trace: ((String) -> Void)? = nil) -> Report {
        let world = World(seed: seed, breakage: breakage, trace: trace)
        let faults = Faults(world)
        push(world.ledger, world)
        faults.begin()
        let end = Int64(world.plan.faultySeconds * 1e9)
        world.run(until: end)
        faults.end()
        // Requests that were under way may be carried out up to 45 s later.
        let rest = world.plan.isSpoiledForLong ? faults.spoilForLong() : 45
        let least = end + Int64(rest * 1e9)
        world.run(until: end + Int64(world.plan.quietSeconds * 1e9)) {
            world.now > least && world.ledger.isComplete
        }
        world.ledger.checkEnd()
        let ledger: Ledger = world.ledger
        return Report(
            seed: seed, digest: world.digest, operations: world.operations, pushed: ledger.pushedCount,
            over: ledger.overCount, dead: world.store.dead.entries.count, runs: ledger.runs, repeats: ledger.repeats,
            virtualSeconds: world.seconds, violations: ledger.violations)
    }

    private static func push(_ ledger: Ledger, _ world: World) {
        for (number, job) in ledger.workload.jobs.enumerated() {
            guard let start = job.pushedAfter else { continue }
            world.after(start) { [unowned world] in
                ledger.pushed(number)
                world.store.clock = World.epoch + world.now / 1000
                if let delay = job.delay {
                    _ = world.store.schedule.addNew(job.payload, world.store.after(delay))
                } else {
                    world.store.push(job.payload, to: job.queue)
                }
            }
        }
    }
}
