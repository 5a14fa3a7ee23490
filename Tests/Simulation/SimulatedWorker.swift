import JobModel
import Platform
import Queueing

@testable import Worker

/// A worker process: the real `WorkerState`, and around it what WorkerLoop, RedisLink and Heartbeat do.
final class SimulatedWorker {
    /// What wakes the loop. A process that was stopped finds several, and which it looks at first is not promised.
    enum Source: CaseIterable {
        case descriptor
        case timer
        case handler
    }

    struct Run {
        let number: Int
        let job: Int
        let key: Ledger.Key
        /// What it has written and nobody has read yet.
        var pipe: [() -> Void] = []
        /// It is not read for now.
        var isHeld = false
        /// What it comes to, if it iterates.
        var step: Workload.Step?
        /// It was told to stop before its next element.
        var isToStop = false
    }

    unowned let host: Host
    unowned let world: World
    let identity: String
    let origin: ProcessOrigin
    private(set) var state: WorkerState
    private(set) var isAlive = true
    private(set) var endedAt = Int64.max
    private(set) var isKilled = false
    /// If it died of something nobody explains while it ran jobs, as its supervisor knows it.
    private(set) var death: WorkerDeath?
    /// Up to when this process may count itself alive, as the answers to its beats say.
    var leaseEnd: MonotonicTime
    /// What is noted of the Redis that gave it this lease, and of the one it is or was last connected to.
    var leaseBooks: Books
    var books: Books
    /// When something last happened to it that excuses it from being in time.
    private(set) var lastFault: Int64 = -1_000_000_000_000
    /// Whether it has asked Redis to end its lease, although it may hold something still: its handlers have ended.
    var hasGivenUp = false
    var link = Link()
    var heartbeat: Heartbeat
    /// Whether runs have ended since the last beat.
    var hasMetrics = false
    private(set) var isPaused = false
    private var inbox: [(source: Source, body: () -> Void)] = []
    var runs: [Int: Run] = [:]
    private var runNumber = 0
    private var wakesAt = Int64.max

    var requestsAskedAt = MonotonicTime(nanoseconds: 0)

    init(_ host: Host, pid: Int32) {
        self.host = host
        world = host.world
        identity = "\(host.name):\(pid):\(host.boots)"
        origin = ProcessOrigin(
            host: host.name, boot: host.bootID, pidNamespace: "1", pid: pid, startTime: UInt64(pid), role: "worker")
        leaseEnd = host.boot
        books = world.ledger.books
        leaseBooks = books
        heartbeat = Heartbeat(identity: identity, origin: origin, info: { _ in [] })
        let terms = WorkerState.Terms(
            identity: identity, capsules: Workload.capsules(world.plan), policy: RetryPolicy(poison: world.plan.poison),
            deadLimits: DeadLimits(),
            payloadLimits: world.plan.payloadLimits, childrenWaiting: world.plan.childrenWaiting,
            iterationSeconds: world.plan.slots.isMultiple(of: 2) ? 3 : nil,
            tuning: world.plan.tuning)
        state = WorkerState(terms, seed: world.chance.seed(), now: host.boot)
    }

    var now: Moment { Moment(boot: host.boot, wall: wall) }

    /// What it takes the calendar for.
    private var wall: Timestamp {
        let milliseconds: Int64 =
            switch world.breakage {
            case .expiryUnseen: -3_600_000
            case .expiredEarly: 30_000
            default: 0
            }
        return Timestamp(milliseconds: host.wall.milliseconds + milliseconds)
    }

    func begin() {
        connect()
        every(1) { [unowned self] in
            checkTime()
            if heartbeat.isDue(busy: state.busy, hasMetrics: hasMetrics) {
                beat()
            } else if state.busy > 0 || !state.requests.isEmpty {
                askForRequests()
            }
        }
        poll()
    }

    // MARK: The loop

    /// Wakes the loop: what `body` tells the state is decided upon at once. While the process is stopped it waits.
    func deliver(_ source: Source, _ body: @escaping () -> Void) {
        guard isAlive else { return }
        guard !isPaused else { return inbox.append((source, body)) }
        body()
        decide()
    }

    func take(_ event: WorkerEvent) { state.handle(event, at: now) }

    private func decide() {
        guard isAlive else { return }
        let actions = state.next(at: now)
        for action in actions where !action.isStart { perform(action) }
        if actions.contains(where: \.isStart), host.boot.seconds(since: requestsAskedAt) >= 1 { askForRequests() }
        for action in actions where action.isStart { perform(action) }
        guard isAlive, let wakeUp = state.wakeUp(after: host.boot) else { return }
        let time = host.worldTime(wakeUp)
        guard time < wakesAt || wakesAt <= world.now, time < .max else { return }
        wakesAt = time
        world.at(time) { [weak self] in self?.deliver(.timer) {} }
    }

    private func perform(_ action: WorkerAction) {
        switch action {
        case .exchange(let request): ask(.exchange(request), .exchange(broken(request)))
        case .stream(let slot, let chunk):
            ask(.chunk(slot, chunk.id), .chunk(chunk, of: identity, world.plan.childrenWaiting))
        case .readIteration(let slot, let id, let jid): ask(.iteration(slot, id), .iteration(jid))
        case .writeIteration(let slot, let id, let jid, let state):
            ask(.iterationWritten(slot, id), .writeIteration(state, jid: jid, id, of: identity))
        case .tellIteration(let slot, let message): tell(slot, message)
        case .hold(let slot, let isHeld): hold(slot, isHeld)
        case .compare: ask(.ids, .ids(identity))
        case .readPayloads(let ids): ask(.payloads, .payloads(identity, ids))
        case .register: register()
        case .listen(let isOn): listen(isOn)
        case .start(let slot, let job, let reservation): start(slot, job, reservation)
        case .interrupt(let slot):
            guard let run = runs[slot] else { return }
            after(world.chance.scale(0.01, 1), .handler) { [unowned self] in ended(slot, run, .interrupted) }
        case .cancel(let slot, let failure):
            guard let run = runs[slot] else { return }
            // It heeds that, or its process is ended; now and then it is done just then.
            let job = world.ledger.workload.jobs[run.job]
            let mayBeDone = job.chunks.isEmpty && job.elements == 0
            let outcome = mayBeDone && world.chance.happens(0.2) ? Outcome.succeeded : .cancelled(failure)
            after(world.chance.scale(0.01, 6), .handler) { [unowned self] in ended(slot, run, outcome) }
        case .quietHandlers, .tell, .concluded: break
        case .endHandlers: endHandlers()
        case .deregister: deregister()
        case .exit:
            world.note("\(identity) exits, \(state.leavesNothing ? "forgotten" : "leaving something behind")")
            world.ledger.left(self)
            end(isClean: state.leavesNothing, nil)
        }
    }

    /// A timer or event of this process; forgotten with it.
    func after(_ seconds: Double, _ source: Source, _ body: @escaping () -> Void) {
        world.after(seconds) { [weak self] in self?.deliver(source, body) }
    }

    private func every(_ seconds: Double, _ body: @escaping () -> Void) {
        after(seconds, .timer) { [unowned self] in
            body()
            every(seconds, body)
        }
    }

    private func poll() {
        take(.woken)
        after(2, .timer) { [unowned self] in poll() }
    }

    // MARK: Handlers

    private func start(_ slot: Int, _ job: Job, _ reservation: Reservation) {
        if state.hold != nil { world.ledger.violated("\(identity) starts a job while it is held") }
        let capsule = state.capsules[state.capsule(of: slot)]
        if !capsule.serves(reservation.queue) {
            world.ledger.violated("\(identity) starts a job of \(reservation.queue) in a slot of another capsule")
        }
        if state.busy(in: capsule) > capsule.limit {
            world.ledger.violated("\(identity) starts more jobs than it has slots for")
        }
        runNumber += 1
        let key = Ledger.Key(identity: identity, id: reservation.id)
        let (number, step) = world.ledger.started(job, key, by: self)
        let run = Run(number: runNumber, job: number, key: key)
        runs[slot] = run
        stream(job, run, step, in: slot)
        guard let outcome = step.outcome else {
            // Its handler takes the worker with it, stopped or not: it fills the memory of both.
            return world.after(step.seconds) { [weak self] in
                if self?.runs[slot]?.number == run.number { self?.crash() }
            }
        }
        if iterate(run, step, in: slot) { return }
        after(step.seconds, .handler) { [unowned self] in
            // Its answer waits in its pipe; its end does not.
            let end = { [unowned self] in ended(slot, run, outcome) }
            if outcome == .succeeded { write(run, in: slot, end) } else { end() }
        }
    }

    func ended(_ slot: Int, _ run: Run, _ outcome: Outcome) {
        guard runs[slot]?.number == run.number else { return }
        // At the end of a process all it wrote is read.
        readAll(slot)
        guard runs[slot]?.number == run.number else { return }
        runs[slot] = nil
        world.ledger.finished(run.key, outcome)
        let children = outcome == .succeeded ? world.ledger.children(of: run.job) : []
        hasMetrics = true
        take(.ran(slot: slot, RunResult(outcome: outcome, children: children)))
    }

    private func endHandlers() {
        after(world.chance.scale(0.001, 1.1), .handler) { [unowned self] in
            for (slot, run) in runs.sorted(by: { $0.key < $1.key }) { ended(slot, run, .interrupted) }
            take(.handlersEnded)
        }
    }

    // MARK: Faults and orders

    func noteFault() { lastFault = world.now }

    /// SIGKILL, and the supervisor kills its handlers with it.
    func crash() {
        guard isAlive else { return }
        world.note("\(identity) crashes")
        isKilled = true
        let running = runs.values.map(\.key.id.sequence).sorted()
        end(isClean: false, WorkerDeath(how: "killed by SIGKILL", running: running))
    }

    private func end(isClean: Bool, _ death: WorkerDeath?) {
        isAlive = false
        endedAt = world.now
        link.connection?.close()
        runs.removeAll()
        inbox.removeAll()
        self.death = host.ended(self, isClean: isClean, death)
    }

    /// SIGSTOP. Its handlers go on.
    func pause(forSeconds seconds: Double) {
        guard isAlive, !isPaused else { return }
        world.note("\(identity) is stopped for \(seconds) s")
        noteFault()
        isPaused = true
        world.after(seconds) { [weak self] in self?.resume() }
    }

    private func resume() {
        guard isAlive, isPaused else { return }
        world.note("\(identity) goes on")
        noteFault()
        isPaused = false
        let waiting = inbox
        inbox.removeAll()
        var sources = Source.allCases
        sources.swapAt(0, world.chance.integer(0...2))
        sources.swapAt(1, world.chance.integer(1...2))
        let isOneTurn = world.chance.happens(0.5)
        for source in sources {
            for entry in waiting where entry.source == source && isAlive {
                entry.body()
                if !isOneTurn { decide() }
            }
        }
        decide()
    }

    /// Another number of slots is worth having.
    func limit(to slots: Int) {
        deliver(.timer) { [unowned self] in
            world.note("\(identity) is to use \(slots) slots")
            take(.limited(slots))
        }
    }

    /// Memory is short for a while.
    func hold(forSeconds seconds: Double) {
        deliver(.timer) { [unowned self] in
            world.note("\(identity) is held for \(seconds) s")
            take(.held("memory pressure"))
        }
        world.after(seconds) { [weak self] in self?.deliver(.timer) { self?.take(.held(nil)) } }
    }

    func quiet() { deliver(.descriptor) { [unowned self] in take(.quiet) } }

    /// - Parameter seconds: infinite to let jobs take what time they need, as a worker that is replaced does.
    func stop(withinSeconds seconds: Double) {
        deliver(.descriptor) { [unowned self] in
            world.note("\(identity) is to stop within \(seconds) s")
            take(.stop(deadline: seconds.isFinite ? host.boot.advanced(bySeconds: seconds) : .never))
        }
    }
}
