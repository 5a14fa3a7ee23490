import JobModel
import Platform
import Queueing
import Redis

/// A scheduler process: what SchedulerLoop, SchedulerDesk and its two tasks do, one call at a time.
final class SimulatedScheduler {
    private unowned let host: Host
    private unowned let world: World
    private var isAlive = true
    /// Identities the supervisor has declared dead and that are not rescued yet; forgotten in a crash.
    private var dead: [String] = []
    private var connection: Connection?
    private var failures = 0
    private var nextAttempt: Int64 = 0
    /// Workers get this long to come back after Redis was away before their leases are judged.
    private static let returnTime: Int64 = 9_000_000_000
    private var judgesLeasesFrom: Int64 = 0
    /// It is one thread: what is due while it waits for an answer is done afterwards.
    private var isBusy = false
    private var jobs: [() -> Void] = []
    private var calls = 0
    private var hasRescued = false

    init(_ host: Host) {
        self.host = host
        world = host.world
    }

    func begin() {
        repeated(every: 0.5) { [unowned self] done in promote(.retry) { [unowned self] in promote(.schedule, done) } }
        repeated(every: 0.5) { [unowned self] done in rescueDeclared(done) }
        repeated(every: 5) { [unowned self] done in rescueOrphans(done) }
    }

    func crash() {
        isAlive = false
        connection?.close()
        jobs.removeAll()
    }

    func told(dead identity: String) {
        guard isAlive else { return }
        dead.append(identity)
        enqueue { [unowned self] in rescueDeclared { [unowned self] in finish() } }
    }

    // MARK: One thing at a time

    /// - Parameter seconds: from the start of one run to the next.
    private func repeated(every seconds: Double, _ task: @escaping (@escaping () -> Void) -> Void) {
        enqueue { [unowned self] in
            world.after(seconds) { [weak self] in
                if self?.isAlive == true { self?.repeated(every: seconds, task) }
            }
            task { [unowned self] in finish() }
        }
    }

    private func enqueue(_ job: @escaping () -> Void) {
        jobs.append(job)
        if !isBusy { finish() }
    }

    /// The work under way is over, done or not: takes up the next.
    private func finish() {
        isBusy = false
        guard isAlive, !jobs.isEmpty else { return }
        isBusy = true
        jobs.removeFirst()()
    }

    /// Asks; after a failure the connection is given up, and with it the work under way.
    private func call(_ call: StoreCall, _ answered: @escaping (StoreAnswer) -> Void) {
        guard let connection = access() else { return finish() }
        calls += 1
        let number = calls
        connection.send(call) { [weak self] answer in
            guard let self, isAlive, calls == number else { return }
            calls += 1
            if case .refused(let refusal) = answer, !isPassedOver(refusal) { return failed() }
            failures = 0
            answered(answer)
        }
        world.after(3) { [weak self] in
            guard let self, isAlive, calls == number else { return }
            failed()
        }
    }

    /// A set of another type concerns that set alone.
    private func isPassedOver(_ refusal: RedisRefusal) -> Bool {
        refusal.code == "WRONGTYPE" && world.breakage != .refusalDropsConnection
    }

    private func access() -> Connection? {
        if let connection, connection.isOpen { return connection }
        guard world.now >= nextAttempt else { return nil }
        guard !world.server.isDown, host.partitionedUntil <= world.now else {
            postpone()
            return nil
        }
        let new = Connection(
            world, host, onFault: {},
            onReset: { [weak self] in
                guard let self, isAlive, isBusy else { return }
                failed()
            })
        connection = new
        judgesLeasesFrom = world.now + Self.returnTime
        return new
    }

    private func failed() {
        calls += 1
        connection?.close()
        connection = nil
        postpone()
        finish()
    }

    private func postpone() {
        let seconds = min(5, 0.1 * Double(1 << min(failures, 6)))
        failures += 1
        nextAttempt = world.now + Int64(seconds * 1e9)
    }

    // MARK: Tasks

    private func promote(_ source: DueJobs.Source, _ done: @escaping () -> Void) {
        call(.due(source)) { [unowned self] answer in
            guard case .due(let due) = answer, !due.members.isEmpty else { return done() }
            call(.promote(due, source)) { _ in done() }
        }
    }

    private func rescueOrphans(_ done: @escaping () -> Void) {
        if world.breakage == .rescuedOnlyAtStart && hasRescued { return done() }
        rescueDeclared { [unowned self] in
            call(.leases) { [unowned self] answer in
                guard case .leases(let leases) = answer else { return done() }
                hasRescued = true
                let over = world.now >= judgesLeasesFrom ? leases.filter(\.isOver) : []
                rescue(over.map(\.identity)[...], force: false) { [unowned self] in
                    let nearby = leases.filter { $0.identity.hasPrefix("\(host.name):") }
                    rescueGone(nearby.map(\.identity)[...], done)
                }
            }
        }
    }

    private func rescueDeclared(_ done: @escaping () -> Void) {
        guard let identity = dead.first, world.breakage != .rescuedOnlyAtStart else { return done() }
        rescue(identity, force: true) { [unowned self] in
            dead.removeFirst()
            rescueDeclared(done)
        }
    }

    private func rescue(_ identities: ArraySlice<String>, force: Bool, _ done: @escaping () -> Void) {
        guard let first = identities.first else { return done() }
        rescue(first, force: force) { [unowned self] in rescue(identities.dropFirst(), force: force, done) }
    }

    /// Those of this boot whose process is no longer there.
    private func rescueGone(_ identities: ArraySlice<String>, _ done: @escaping () -> Void) {
        guard let first = identities.first else { return done() }
        call(.origin(first)) { [unowned self] answer in
            let next = { [unowned self] in rescueGone(identities.dropFirst(), done) }
            guard case .origin(let origin?) = answer, origin.boot == host.bootID, !host.isRunning(first) else {
                return next()
            }
            rescue(first, force: true, next)
        }
    }

    private func rescue(_ identity: String, force: Bool, _ done: @escaping () -> Void) {
        call(.rescue(identity, force: force)) { [unowned self] answer in
            guard world.breakage == .rescueInTwoSteps, case .rescued(let answer) = answer, !answer.isAlive else {
                return done()
            }
            call(.forgetCopied(identity)) { _ in done() }
        }
    }
}
