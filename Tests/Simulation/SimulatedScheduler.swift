import JobModel
import Platform
import Queueing
import Redis
import Scheduler

/// A scheduler process: what SchedulerLoop, SchedulerDesk and its tasks do, one call at a time.
final class SimulatedScheduler {
    unowned let host: Host
    unowned let world: World
    private(set) var isAlive = true
    /// Whom the supervisor has declared dead, and who is not rescued yet; forgotten in a crash.
    var dead: [(identity: String, death: WorkerDeath?)] = []
    private var connection: Connection?
    private var failures = 0
    private var nextAttempt: Int64 = 0
    /// Workers get this long to come back after Redis was away before their leases are judged.
    private static let returnTime: Int64 = 9_000_000_000
    private var judgesLeasesFrom: Int64 = 0
    private var absences = Absences()
    private var askedAt: Int64 = 0
    /// It is one thread: what is due while it waits for an answer is done afterwards.
    private var isBusy = false
    private var jobs: [() -> Void] = []
    private var calls = 0
    /// While it is stopped, what it would have noticed.
    private var isPaused = false
    private var inbox: [() -> Void] = []
    /// How long to be stopped, and when: at the call after so many others, or at the next rescue of one whose lease is over.
    private var pause: (seconds: Double, calls: Int?)?
    var hasRescued = false

    init(_ host: Host) {
        self.host = host
        world = host.world
    }

    var judgesLeases: Bool { world.now >= judgesLeasesFrom }

    func begin() {
        repeated(every: 0.5) { [unowned self] done in promote(.retry) { [unowned self] in promote(.schedule, done) } }
        repeated(every: 0.5) { [unowned self] done in rescueDeclared(done) }
        repeated(every: 5) { [unowned self] done in rescueOrphans(done) }
    }

    func crash() {
        isAlive = false
        connection?.close()
        jobs.removeAll()
        inbox.removeAll()
    }

    func told(dead identity: String, _ death: WorkerDeath?) {
        notice { [unowned self] in
            dead.append((identity, death))
            enqueue { [unowned self] in rescueDeclared { [unowned self] in finish() } }
        }
    }

    // MARK: Being stopped

    /// SIGSTOP, most often with a step half done.
    ///
    /// - Parameter atRescue: of one whose lease was seen to be over, and not before.
    func stop(forSeconds seconds: Double, atRescue: Bool) {
        pause = (seconds, atRescue ? nil : world.chance.integer(0...6))
    }

    /// It is not to be stopped any more.
    func goOn() { pause = nil }

    private func stopNow(forSeconds seconds: Double) {
        guard isAlive, !isPaused else { return }
        world.note("the scheduler of \(host.name) is stopped for \(seconds) s")
        isPaused = true
        world.after(seconds) { [weak self] in
            guard let self, isAlive, isPaused else { return }
            world.note("the scheduler of \(host.name) goes on")
            isPaused = false
            let waiting = inbox
            inbox.removeAll()
            for body in waiting where isAlive { notice(body) }
        }
    }

    /// Something that only a process that runs can notice.
    private func notice(_ body: @escaping () -> Void) {
        guard isAlive else { return }
        if isPaused { inbox.append(body) } else { body() }
    }

    /// Before it is sent, or while the answer is on its way.
    private func pauseIfDue(_ call: StoreCall, _ connection: Connection) {
        guard let pause else { return }
        if let calls = pause.calls, calls > 0 {
            self.pause = (pause.seconds, calls - 1)
            return
        }
        if pause.calls == nil {
            guard case .rescue(_, _, _, .lease) = call else { return }
        }
        self.pause = nil
        if world.chance.happens(0.5) { connection.hold(forSeconds: pause.seconds) }
        stopNow(forSeconds: pause.seconds)
    }

    // MARK: One thing at a time

    /// - Parameter seconds: from the start of one run to the next.
    private func repeated(every seconds: Double, _ task: @escaping (@escaping () -> Void) -> Void) {
        enqueue { [unowned self] in
            world.after(seconds) { [weak self] in
                self?.notice { self?.repeated(every: seconds, task) }
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
    ///
    /// - Parameter refused: what to do instead if Redis refuses.
    func call(
        _ call: StoreCall, refused: (() -> Void)? = nil, _ answered: @escaping (StoreAnswer) -> Void
    ) {
        guard let connection = access() else { return finish() }
        calls += 1
        let number = calls
        pauseIfDue(call, connection)
        connection.send(call) { [weak self] answer in
            self?.notice { [weak self] in
                guard let self, isAlive, calls == number else { return }
                calls += 1
                if case .refused(let refusal) = answer {
                    if let refused { return refused() }
                    if !isPassedOver(refusal) { return failed() }
                }
                failures = 0
                answered(answer)
            }
        }
        world.after(3) { [weak self] in
            self?.notice { [weak self] in
                guard let self, isAlive, calls == number else { return }
                failed()
            }
        }
    }

    /// A set of another type concerns that set alone.
    private func isPassedOver(_ refusal: RedisRefusal) -> Bool {
        refusal.code == "WRONGTYPE" && world.breakage != .refusalDropsConnection
    }

    private func access() -> Connection? {
        if let connection, connection.isOpen {
            askedAt = world.now
            return connection
        }
        guard world.now >= nextAttempt else { return nil }
        guard !world.server.isDown, host.partitionedUntil <= world.now else {
            absences.began(at: MonotonicTime(nanoseconds: askedAt))
            postpone()
            return nil
        }
        let new = Connection(
            world, host, onFault: {},
            onReset: { [weak self] in
                self?.notice { [weak self] in
                    guard let self, isAlive, isBusy else { return }
                    failed()
                }
            })
        connection = new
        askedAt = world.now
        if absences.ended(at: MonotonicTime(nanoseconds: world.now)) { judgesLeasesFrom = world.now + Self.returnTime }
        return new
    }

    private func failed() {
        calls += 1
        connection?.close()
        connection = nil
        absences.began(at: MonotonicTime(nanoseconds: askedAt))
        postpone()
        finish()
    }

    private func postpone() {
        let seconds = min(5, 0.1 * Double(1 << min(failures, 6)))
        failures += 1
        nextAttempt = world.now + Int64(seconds * 1e9)
    }

    // MARK: Promoting

    private func promote(_ source: DueJobs.Source, batches: Int = 50, _ done: @escaping () -> Void) {
        guard batches > 0 else { return done() }
        let limit = world.plan.dueBatch
        call(.due(source, limit: limit)) { [unowned self] answer in
            guard case .due(let due) = answer, !due.members.isEmpty else { return done() }
            call(.promote(due.share, source, world.plan.payloadLimits)) { [unowned self] _ in
                if due.members.count < limit { done() } else { promote(source, batches: batches - 1, done) }
            }
        }
    }
}
