import JobModel
import Queueing

/// Sees everything at once, as nothing in the product can, and says what must not have happened.
final class Ledger: StoreWitness {
    struct Key: Hashable {
        let identity: String
        let id: ReservationID
    }

    /// What became of a reservation.
    private enum End {
        case none
        case settled(Verdict)
        case rescued
    }

    private struct Record {
        let job: Int
        var hasRun = false
        var outcome: Outcome?
        var end = End.none
    }

    private struct Life {
        var isPushed = false
        /// Acked or dropped; the dead set is looked at instead.
        var isOver = false
        var runs = 0
        var lastRun: Key?
    }

    /// A process that lives may run out of its lease up to this long after something was done to it: the lease itself,
    /// and the time in which a connection is given up and made again.
    private static let excuse: Int64 = 40_000_000_000

    private unowned let world: World
    let workload: Workload
    private var lives: [Life]
    private var records: [Key: Record] = [:]
    private(set) var violations: [String] = []
    private(set) var runs = 0
    /// Runs of jobs that had been run before, because their process was lost.
    private(set) var repeats = 0
    private var processed = 0
    private var failed = 0

    init(_ world: World) {
        self.world = world
        workload = Workload(world.plan, &world.chance)
        lives = Array(repeating: Life(), count: workload.jobs.count)
    }

    func violated(_ text: String) {
        world.note("VIOLATION: \(text)")
        violations.append("at \(world.seconds) s: \(text)")
    }

    func pushed(_ job: Int) { lives[job].isPushed = true }

    // MARK: Runs

    /// - Returns: the number of the job, and what its handler will do.
    func started(_ job: JobModel.Job, _ key: Key, by worker: SimulatedWorker) -> (Int, Workload.Step) {
        guard let number = Workload.number(of: job.payload) else { preconditionFailure("every payload has a number") }
        let name = "job \(number), \(key.id) of \(key.identity)"
        world.note("\(name) starts")
        if worker.host.boot >= worker.leaseEnd { violated("\(name) was started after the lease had ended") }
        if job.object.member("args").map(job.object.raw).map(Array.init) != Array("[\(number),1.10,\"é\"]".utf8) {
            violated("\(name) was started with other arguments")
        }
        check(key, name)
        if let last = lives[number].lastRun { checkRepeat(of: number, after: last) }
        records[key]?.hasRun = true
        lives[number].lastRun = key
        runs += 1
        defer { lives[number].runs += 1 }
        let steps = workload.jobs[number].steps
        return (number, steps[min(lives[number].runs, steps.count - 1)])
    }

    private func check(_ key: Key, _ name: String) {
        guard let record = records[key] else { return violated("\(name) was started without being reserved") }
        if record.hasRun { violated("\(name) was started twice under one reservation") }
        if case .none = record.end { return }
        violated("\(name) was started when Redis did not hold it for this process any more")
    }

    /// Runs again only what was to run again, or what was rescued from a process that was lost.
    private func checkRepeat(of job: Int, after last: Key) {
        switch records[last]?.end {
        case .settled(.retry), .settled(.snooze), .settled(.requeue): break
        case .rescued: repeats += 1
        case .settled, .none?, nil:
            violated("job \(job) was run again after \(last.id) of \(last.identity) for no reason")
        }
    }

    func finished(_ key: Key, _ outcome: Outcome) {
        world.note("\(key.id) of \(key.identity) ends: \(outcome)")
        records[key]?.outcome = outcome
    }

    func children(of job: Int) -> [JobDraft.Prepared] {
        workload.jobs[job].children.map {
            let child = workload.jobs[$0]
            return JobDraft.Prepared(payload: child.payload, queue: child.queue, at: nil, jid: "\($0)")
        }
    }

    // MARK: What Redis carries out

    func fetched(_ id: ReservationID, by identity: String, _ payload: [UInt8]) {
        guard let job = Workload.number(of: payload) else { return }
        let key = Key(identity: identity, id: id)
        if records[key] != nil { violated("\(id) of \(identity) was given twice") }
        records[key] = Record(job: job)
    }

    func settled(_ settlement: Settlement, of identity: String, _ payload: [UInt8]) {
        let key = Key(identity: identity, id: settlement.id)
        guard let record = records[key] else { return violated("\(settlement.id) was settled and never reserved") }
        guard case .none = record.end else { return violated("\(settlement.id) of \(identity) was settled twice") }
        records[key]?.end = .settled(settlement.verdict)
        if !Self.fits(settlement, record.outcome) {
            violated(
                "\(settlement.id) of \(identity) ended as \(settlement.verdict) after \(String(describing: record.outcome))"
            )
        }
        switch settlement.counts {
        case .nothing: break
        case .succeeded: processed += 1
        case .failed:
            processed += 1
            failed += 1
        }
        if settlement.verdict == .ack || settlement.verdict == .discard { lives[record.job].isOver = true }
        for child in settlement.children { pushed(Workload.number(of: child.payload) ?? 0) }
    }

    private static func fits(_ settlement: Settlement, _ outcome: Outcome?) -> Bool {
        switch (settlement.verdict, outcome) {
        case (.ack, .succeeded), (.discard, .discarded), (.discard, .failed), (.retry, .failed), (.bury, .failed),
            (.bury, .dead), (.snooze, .snoozed), (.requeue, nil), (.requeue, .interrupted):
            true
        case (.bury, nil): settlement.counts == .nothing  // a payload that is no job
        default: false
        }
    }

    func rescued(_ id: ReservationID, of identity: String) {
        let key = Key(identity: identity, id: id)
        world.note("\(id) of \(identity) is rescued")
        records[key]?.end = .rescued
        guard let worker = world.workers[identity], worker.isAlive, !worker.hasGivenUp else { return }
        if worker.host.boot < worker.leaseEnd {
            violated("\(id) was taken from \(identity), which lives and has its lease")
        } else if !worker.isPaused, world.now - worker.lastFault > Self.excuse {
            violated("\(identity) ran out of its lease although nothing was done to it")
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
        var places = Array(repeating: 0, count: lives.count)
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
            let life = lives[job]
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
        lives.count { $0.isPushed && !$0.isOver } == world.store.dead.entries.count && strays.isEmpty
    }

    /// Dead processes that are still registered.
    private var strays: [String] {
        Set(world.store.leases.keys).union(world.store.origins.keys).filter { world.workers[$0]?.isAlive != true }
            .sorted()
    }

    /// In the quiet time: whatever else is wrong, nothing stays with the dead.
    func checkOrphans() {
        for identity in strays { violated("\(identity) is dead and was not rescued for long") }
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
        if store.processed != processed || store.failed != failed {
            violated("statistics say \(store.processed), \(store.failed) instead of \(processed), \(failed)")
        }
        for identity in strays { violated("\(identity) is dead and still registered") }
    }

    var pushedCount: Int { lives.count(where: \.isPushed) }
    var overCount: Int { lives.count(where: \.isOver) }
}
