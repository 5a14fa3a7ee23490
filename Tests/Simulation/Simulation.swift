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
        /// Runs of jobs that had been run before, because Redis forgot what came of it.
        let undone: Int
        /// Pushes that a Redis answered and then forgot, with which the job is gone.
        let forgotten: Int
        /// Workers that were killed, whatever by.
        let crashes: Int
        /// Deaths that were counted against jobs, and jobs that were buried for them.
        let deaths: Int
        let poisoned: Int
        /// Seconds from a death to a rescue, at the worst, when no other fault was left.
        let slowestRescue: Double
        /// Seconds until all was done when no fault was left.
        let restSeconds: Double
        let virtualSeconds: Double
        /// What must not have happened; empty if all is well.
        let violations: [String]
    }

    /// - Parameter trace: gets every step of the run, a line each.
    static func run(seed: UInt64, breakage: Breakage? = nil, trace: ((String) -> Void)? = nil) -> Report {
        let world = World(seed: seed, breakage: breakage, trace: trace)
        let faults = Faults(world)
        push(world.ledger, world)
        for somebody in world.operators { somebody.begin() }
        faults.begin()
        let end = Int64(world.plan.faultySeconds * 1e9)
        world.run(until: end)
        faults.end()
        // Requests that were under way may be carried out up to 45 s later.
        let rest = world.plan.isSpoiledForLong ? faults.spoilForLong() : 45
        let least = end + Int64(rest * 1e9)
        // Whoever was given up for long may wait for some seconds yet before it tries again.
        world.calmSince = least + 15_000_000_000
        world.run(until: end + Int64(world.plan.quietSeconds * 1e9)) {
            world.now > least && world.ledger.isComplete
        }
        world.ledger.checkEnd()
        let ledger: Ledger = world.ledger
        return Report(
            seed: seed, digest: world.digest, operations: world.operations, pushed: ledger.pushedCount,
            over: ledger.overCount, dead: world.store.dead.entries.count, runs: ledger.runs, repeats: ledger.repeats,
            undone: ledger.undone, forgotten: ledger.forgottenCount,
            crashes: world.workers.values.count(where: \.isKilled), deaths: ledger.deaths,
            poisoned: ledger.books.poisoned, slowestRescue: ledger.slowestRescue,
            restSeconds: world.seconds - world.plan.faultySeconds, virtualSeconds: world.seconds,
            violations: ledger.violations)
    }

    private static func push(_ ledger: Ledger, _ world: World) {
        for (number, job) in ledger.workload.jobs.enumerated() {
            guard let start = job.pushedAfter else { continue }
            world.after(start) { [unowned world] in push(number, job, world) }
        }
    }

    /// Whoever pushes gets an answer, or tries again.
    private static func push(_ number: Int, _ job: Workload.Job, _ world: World) {
        var server: World.Server = world.server
        if let deposed = world.deposed, world.chance.happens(0.5) { server = deposed }
        let (store, now) = (server.store, world.now)
        let place = job.delay == nil ? Store.Place.queue(job.queue) : .schedule
        guard !server.isDown, server.frozenUntil <= now, server.refusesUntil <= now, !store.isFull,
            store.refusal(place) == nil
        else { return world.after(0.5) { [unowned world] in push(number, job, world) } }
        store.books?.pushed(number)
        store.clock = world.time(of: store)
        if let delay = job.delay {
            _ = store.schedule.addNew(job.payload, store.after(delay))
        } else {
            store.push(job.payload, to: job.queue)
        }
    }
}
