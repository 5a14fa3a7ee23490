import JobModel
import Queueing

@testable import Worker

/// Sees everything at once, as nothing in the product can, and says what must not have happened.
///
/// What ran is true for ever. What Redis has carried out stands in the `Books` of that Redis.
final class Ledger {
    typealias Key = Books.Key

    /// What was run under one reservation.
    private struct History {
        var runs = 0
        /// Of the last run; nil while it goes on.
        var outcome: Outcome?
    }

    private struct Story {
        var runs = 0
        var lastRun: Key?
    }

    /// A process that lives may run out of its lease up to this long after something was done to it: the lease itself,
    /// and the time in which a connection is given up and made again.
    static let excuse: Int64 = 40_000_000_000
    /// With no fault left, what dead processes held is back in so many seconds: if the supervisor says so, and if not.
    private static let rescueSeconds = (told: 2.0, untold: 30.0)

    unowned let world: World
    let workload: Workload
    private var stories: [Story]
    private var histories: [Key: History] = [:]
    private(set) var violations: [String] = []
    private(set) var runs = 0
    /// Runs of jobs that had been run before, because their process was lost.
    private(set) var repeats = 0
    /// Runs of jobs that had been run before, because Redis forgot what came of it.
    private(set) var undone = 0
    private(set) var deaths = 0
    /// Jobs that were dropped unbegun.
    private(set) var expired = 0
    private(set) var slowestRescue = 0.0
    /// By job: what was done of those that are done element by element.
    var elementsDone: [Int: Set<Int>] = [:]
    /// Jobs that somebody has wanted cancelled, at any time.
    var wishes: Set<Int> = []
    /// By which Redis somebody was told that it is.
    var toldCancelled: [Int: Books] = [:]
    /// Books of every Redis there was, the present one last.
    private var shelf: [Books] = []

    init(_ world: World) {
        self.world = world
        workload = Workload(world.plan, &world.chance)
        stories = Array(repeating: Story(), count: workload.jobs.count)
        shelf = [Books(self, jobs: workload.jobs.count)]
    }

    var books: Books { shelf[shelf.count - 1] }

    /// Redis is replaced by one that does not know all that it knew.
    func forgot(_ books: Books) { shelf.append(books) }

    /// Whether some Redis did not know all that another had known.
    var hasForgotten: Bool { shelf.count > 1 }

    func violated(_ text: String) {
        world.note("VIOLATION: \(text)")
        violations.append("at \(world.seconds) s: \(text)")
    }

    func note(_ text: @autoclosure () -> String) { world.note(text()) }

    // MARK: Runs

    /// - Returns: the number of the job, and what its handler will do.
    func started(_ job: JobModel.Job, _ key: Key, by worker: SimulatedWorker) -> (Int, Workload.Step) {
        guard let number = Workload.number(of: job.payload) else { preconditionFailure("every payload has a number") }
        let name = "job \(number), \(key.name)"
        world.note("\(name) starts")
        if worker.host.boot >= worker.leaseEnd { violated("\(name) was started after the lease had ended") }
        if job.object.member("args").map(job.object.raw).map(Array.init) != Array("[\(number),1.10,\"é\"]".utf8) {
            violated("\(name) was started with other arguments")
        }
        check(key, name, worker.books)
        checkWish(number, name, worker)
        if let end = workload.jobs[number].expiry, end <= worker.host.wall, job.checkpoint == nil {
            violated("\(name) was started after it had expired")
        }
        if let last = stories[number].lastRun { checkRepeat(of: number, after: last, worker.books) }
        histories[key, default: History()].runs += 1
        histories[key]?.outcome = nil
        stories[number].lastRun = key
        runs += 1
        defer { stories[number].runs += 1 }
        let steps = workload.jobs[number].steps
        return (number, steps[min(stories[number].runs, steps.count - 1)])
    }

    /// - Parameter books: of the Redis that the worker last heard of.
    private func check(_ key: Key, _ name: String, _ books: Books) {
        guard let record = books.records[key] else { return violated("\(name) was started without being reserved") }
        if histories[key] != nil, !isReopened(key, books) {
            violated("\(name) was started twice under one reservation")
        }
        if !record.isOpen { violated("\(name) was started when Redis did not hold it for this process any more") }
    }

    /// Whoever drops a job since it expired has not begun it, and does so no earlier than its clock says.
    func checkExpiry(of job: Int, _ key: Key, _ books: Books) {
        expired += 1
        if histories[key] != nil, !isReopened(key, books) { violated("\(key.name) was begun, and expired") }
        guard let end = workload.jobs[job].expiry, let worker = world.workers[key.identity] else {
            return violated("\(key.name) expired, and has no time to expire at")
        }
        if worker.host.wall < end { violated("\(key.name) expired too early") }
    }

    /// Whether another Redis than this one had seen the end of a reservation, or has.
    func isReopened(_ key: Key, _ books: Books) -> Bool {
        shelf.contains { $0 !== books && $0.records[key]?.isOpen == false }
    }

    /// Runs again only what was to run again, or what was rescued from a process that was lost, or what Redis has forgotten.
    private func checkRepeat(of job: Int, after last: Key, _ books: Books) {
        switch books.records[last]?.end {
        case .settled(.retry), .settled(.retryUnlessPoison), .settled(.snooze), .settled(.requeue), .settled(.suspend):
            break
        case .rescued: repeats += 1
        case nil where shelf.contains { $0 !== books && $0.records[last] != nil }: undone += 1
        case .some(.none) where isReopened(last, books): undone += 1
        case .settled, .some(.none), nil: violated("job \(job) was run again after \(last.name) for no reason")
        }
    }

    func finished(_ key: Key, _ outcome: Outcome) {
        world.note("\(key.name) ends: \(outcome)")
        checkPatience(key, outcome)
        histories[key]?.outcome = outcome
    }

    func outcome(of key: Key) -> Outcome? { histories[key]?.outcome }

    func children(of job: Int) -> [JobDraft.Prepared] {
        workload.jobs[job].children.map {
            let child = workload.jobs[$0]
            return JobDraft.Prepared(payload: child.payload, queue: child.queue, at: nil, jid: "\($0)")
        }
    }

    // MARK: What Redis carries out

    /// Whoever is done has pushed all it had to. A Redis that forgets may have forgotten some of it.
    func checkStream(of job: Int, _ books: Books) {
        guard shelf.count == 1 else { return }
        for child in workload.jobs[job].chunks.joined() where !books.lives[child].isPushed {
            violated("job \(job) is done and has not pushed its child \(child)")
        }
    }

    func checkRescue(of key: Key, from books: Books, because cause: Books.Cause, isDeathCounted: Bool) {
        if case .declared(let running) = cause, running.contains(key.id.sequence), !isDeathCounted {
            violated("\(key.name) was running when its worker died, and that was not counted")
        }
        guard let worker = world.workers[key.identity] else { return }
        guard worker.isAlive else { return checkHaste(of: worker, key) }
        // A lease that this Redis knows nothing of protects nobody.
        guard !worker.hasGivenUp, worker.leaseBooks === books else { return }
        if worker.host.boot < worker.leaseEnd {
            violated("\(key.id) was taken from \(key.identity), which lives and has its lease")
        } else if !worker.isPaused, world.now - worker.lastFault > Self.excuse {
            violated("\(key.identity) ran out of its lease although nothing was done to it")
        }
    }

    /// When no fault is left that could delay it, rescue has to be quick.
    private func checkHaste(of worker: SimulatedWorker, _ key: Key) {
        guard !world.isFaulty, worker.endedAt > world.calmSince else { return }
        let seconds = Double(world.now - worker.endedAt) / 1e9
        slowestRescue = max(slowestRescue, seconds)
        let limit = world.plan.tellsDeaths == 1 ? Self.rescueSeconds.told : Self.rescueSeconds.untold
        if seconds > limit { violated("\(key.name) was rescued only after \(seconds) s") }
    }

    func checkDeath(of key: Key, because cause: Books.Cause?) {
        deaths += 1
        world.note("a death counts against \(key.name)")
        guard histories[key] != nil else { return violated("\(key.name) never ran, and a death is counted against it") }
        switch cause {
        case nil:
            if case .died = outcome(of: key) { return }
            violated("no handler died of \(key.name), and a death is counted against it")
        case .declared:
            if outcome(of: key) != nil { violated("\(key.name) was not running when its worker died") }
            if world.workers[key.identity]?.death == nil {
                violated("\(key.identity) did not die, and its death is counted against \(key.id)")
            }
        case .gone:
            guard world.workers[key.identity]?.isAlive == true else { return }
            violated("\(key.identity) is alive, and its death is counted against \(key.id)")
        case .lease(let host):
            guard let worker = world.workers[key.identity], worker.isAlive, worker.host.name == host else { return }
            violated("\(key.identity) is seen to live, and its death is counted against \(key.id)")
        }
    }

    // MARK: Looking everywhere

    /// A worker has exited by itself.
    func left(_ worker: SimulatedWorker) {
        // One that began only after a key got another type was told of nothing, and is held up all the same.
        guard !world.isFaulty, world.store.spoiled.isEmpty, world.now - worker.lastFault > Self.excuse else { return }
        let left = world.store.ids(of: worker.identity)
        if !left.isEmpty { violated("\(worker.identity) stopped in peace and left \(left) behind") }
    }

    /// How often each job is somewhere in Redis.
    private func places() -> [Int] {
        let store = world.store
        var places = Array(repeating: 0, count: stories.count)
        func see(_ payload: [UInt8]) { if let job = Workload.number(of: payload) { places[job] += 1 } }
        for payloads in store.queues.values { payloads.forEach(see) }
        for set in [store.retry, store.schedule, store.dead] { set.members.forEach(see) }
        for held in store.reservations.values { held.values.forEach(see) }
        return places
    }

    /// Every pushed job is in exactly one place, or over. Not looked for in a protocol that was broken on purpose: it has
    /// to be found by its consequences.
    func walk(isFinal: Bool = false) {
        guard isFinal || world.breakage == nil else { return }
        for (job, places) in places().enumerated() where violations.isEmpty {
            let life = books.lives[job]
            let expected = life.isPushed && !life.isOver ? 1 : 0
            if places != expected {
                violated(
                    "job \(job) is in \(places) places\(life.isOver ? " and over" : life.isPushed ? "" : " and not pushed")"
                )
            }
        }
    }

    /// Whether nothing is left to do: every job that was pushed is over or dead, and no dead process is registered.
    var isComplete: Bool {
        books.lives.count { $0.isPushed && !$0.isOver } == world.store.dead.entries.count && strays.isEmpty
            && !workload.jobs.indices.contains(where: isStillToCome)
    }

    /// To be pushed yet: nobody has been told that it was, by any Redis.
    private func isStillToCome(_ job: Int) -> Bool {
        workload.jobs[job].pushedAfter != nil && !shelf.contains { $0.lives[job].isPushed }
    }

    /// Dead processes that are still registered.
    private var strays: [String] {
        Set(world.store.leases.keys).union(world.store.origins.keys).filter { world.workers[$0]?.isAlive != true }
            .sorted()
    }

    /// In the quiet time: whatever else is wrong, nothing stays with the dead.
    func checkOrphans() {
        for identity in strays {
            guard let worker = world.workers[identity], world.now - worker.endedAt > 30_000_000_000 else { continue }
            violated("\(identity) is dead and was not rescued for long")
        }
    }

    /// After the quiet time.
    func checkEnd() {
        guard violations.isEmpty else { return }
        walk(isFinal: true)
        let store = world.store
        let places: [(String, Int)] =
            store.queues.sorted { $0.key < $1.key }.map { ("queue \($0.key)", $0.value.count) }
            + [("retry", store.retry.entries.count), ("schedule", store.schedule.entries.count)]
            + store.reservations.sorted { $0.key < $1.key }.map { ("reservations of \($0.key)", $0.value.count) }
        for (place, count) in places where count > 0 { violated("\(count) jobs are still in \(place)") }
        if (store.processed, store.failed, store.poisoned) != (books.processed, books.failed, books.poisoned) {
            violated(
                "statistics say \(store.processed), \(store.failed), \(store.poisoned) instead of "
                    + "\(books.processed), \(books.failed), \(books.poisoned)")
        }
        if store.expired != books.expired {
            violated("statistics say \(store.expired) expired instead of \(books.expired)")
        }
        for identity in strays { violated("\(identity) is dead and still registered") }
        checkDead()
    }

    /// What is no job lies there as it was pushed; of the others those alone that were buried.
    private func checkDead() {
        for member in world.store.dead.members {
            guard let number = Workload.number(of: member) else { continue }
            let job = workload.jobs[number]
            if job.isRunnable {
                if !books.lives[number].isBuried { violated("job \(number) lies among the dead and nobody buried it") }
            } else if !member.starts(with: job.payload) || member.count > job.payload.count + 64 {
                violated("job \(number) is none, and lies among the dead with other bytes")
            }
        }
        for (number, job) in workload.jobs.enumerated() where books.lives[number].isPushed {
            if !job.isRunnable && books.lives[number].isOver { violated("job \(number) is none, and was done") }
        }
    }

    // MARK: Counts

    var pushedCount: Int { books.lives.count(where: \.isPushed) }
    var overCount: Int { books.lives.count(where: \.isOver) }

    /// Pushes that were answered by a Redis that forgot them.
    var forgottenCount: Int {
        workload.jobs.indices.count { job in
            !books.lives[job].isPushed && shelf.contains { $0.lives[job].isPushed }
        }
    }
}
