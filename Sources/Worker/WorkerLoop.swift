import Configuration
import Handlers
import Insight
import JobModel
import Logging
import Platform
import Queueing
import Redis

/// Carries out what `WorkerState` decides. One thread at a time, the leader, runs it; whatever may block is given to the
/// pool, whose threads lead in turn.
///
/// A turn: wait for events, take in what ended in followers, let the state decide once about all of it, send.
final class WorkerLoop: @unchecked Sendable {
    let plan: WorkerPlan
    let loop: EventLoop
    let pool: LeaderPool
    let control: ControlChannel
    let board: RunningBoard?
    let log: Logger
    var jobLog: JobLog
    let signals: SignalDescriptor
    private let sink = ClosureSink()

    // Leader only, from here on.
    var state: WorkerState
    var link: RedisLink!
    var dispatcher: Dispatcher!
    var heartbeat: Heartbeat
    var tally = Tally()
    var costs: CostOutbox
    var incidents = IncidentOutbox()
    var progress = Progress(now: .now())
    /// What keeps work from moving, while something does.
    var obstacle: String?
    var slow = SlowRuns()
    let memory = MemoryWatch()
    /// With `concurrency: auto`.
    var slotMeter: SlotMeter?
    var pressure: PressureGate
    let slowLimits: SlowRuns.Limits
    /// How many slow runs the supervisor knows of.
    var toldSlow = 0
    var isolations = Isolations<JobClass>()
    let isolatesClasses: Bool
    /// How often classes were isolated, as Redis last said.
    var isolatedTimes: [JobClass: Int] = [:]
    var random: SeededGenerator
    /// Runs that are over and wait for their chunks, by slot.
    var waitingReports: [Int: DispatchReport] = [:]
    private var runs = 0
    /// The time, read once for all that is taken in together.
    private var moment: Moment?
    var handlerGraceSeconds = WorkerPlan.handlerGraceSeconds
    var wasUp = false
    /// When Redis was last asked for requests to cancel jobs.
    var requestsAskedAt = MonotonicTime(nanoseconds: 0)
    var downSince: MonotonicTime?
    /// Codes of the refusals that were told since Redis was last there.
    var refusalsTold: Set<String> = []
    var exitStatus: Int32?

    init(
        _ plan: WorkerPlan, signals: consuming SignalDescriptor, control: ControlChannel, board: RunningBoard?,
        log: Logger
    ) throws(SystemError) {
        self.plan = plan
        self.signals = signals
        self.control = control
        self.board = board
        self.log = log
        jobLog = JobLog(log)
        let loop = try EventLoop()
        let wake = loop.wake
        self.loop = loop
        // One thread more than slots, so that one leads while all others are busy; spawns beyond the cores gain nothing.
        pool = LeaderPool(
            name: "slots", limit: plan.settings.slots + 1,
            bounds: [.spawn: plan.cores + 1, .connect: 1], wake: { wake.signal() })
        state = WorkerState(plan.terms, seed: plan.seed, now: .bootTime())
        heartbeat = Heartbeat(plan)
        costs = CostOutbox(plan)
        slowLimits = SlowRuns.Limits(plan.settings)
        isolatesClasses = Self.isolates(plan)
        pressure = PressureGate(.init(plan.settings.memory))
        random = SeededGenerator(seed: ~plan.seed)
    }

    /// Works until told to stop.
    ///
    /// - Returns: the exit status.
    func run() -> Int32 {
        do throws(SystemError) {
            try prepare()
        } catch {
            log.critical("cannot start", metadata: ["reason": "\(error)"])
            return 71  // EX_OSERR
        }
        control.send(.identity(plan.identity))
        link.connect()
        pool.run { [self] in turn() }
        link.end()
        return exitStatus ?? 0
    }

    private func prepare() throws(SystemError) {
        link = RedisLink(plan.greeting, loop: loop, pool: pool, seed: plan.seed) { [unowned self] in heard($0) }
        dispatcher = makeDispatcher()
        sink.onReady = { [unowned self] fd in
            fd == control.raw ? readControl() : readSignals()
        }
        try loop.watch(signals.raw, for: .readable, sink)
        try loop.watch(control.raw, for: .readable, sink)
        lookAtMemory()
        beginWithFewSlots()
        every(1) { [unowned self] in housekeeping() }
        poll()
    }

    // MARK: Turns

    private func turn() -> Bool {
        do throws(SystemError) {
            let next = nextTurn()
            moment = nil
            try loop.turn(upTo: next)
        } catch {
            // Without events nothing can be done for any job; the supervisor starts another worker.
            log.critical("the event loop failed", metadata: ["reason": "\(error)"])
            exitStatus = 70  // EX_SOFTWARE
        }
        pool.runCompletions()
        // What is decided depends on whether the lease still holds.
        moment = nil
        decide()
        return exitStatus == nil
    }

    private func nextTurn() -> MonotonicTime {
        let boot = MonotonicTime.bootTime()
        guard let wakeUp = state.wakeUp(after: boot) else { return .never }
        return MonotonicTime.now().advanced(bySeconds: wakeUp.seconds(since: boot))
    }

    /// As of some moment in this turn.
    var now: Moment {
        if let moment { return moment }
        let read = Moment(boot: .bootTime(), wall: Timestamp(milliseconds: WallClock.milliseconds()))
        moment = read
        return read
    }

    func take(_ event: WorkerEvent) { state.handle(event, at: now) }

    private func decide() {
        let actions = state.next(at: now)
        // What is for Redis goes first: it works on that while handlers are given their jobs, and waking a handler costs
        // more than anything else here.
        for action in actions where !action.isStart { perform(action) }
        // An idle worker reads requests every few seconds only.
        if actions.contains(where: \.isStart), now.boot.seconds(since: requestsAskedAt) >= 1 { askForRequests() }
        link.flush()
        for action in actions where action.isStart { perform(action) }
    }

    private func perform(_ action: WorkerAction) {
        switch action {
        case .exchange(let request): link.ask(.exchange(request), Exchange.command(request))
        case .compare: link.ask(.ids, OwnReservations.idsCommand(identity: plan.identity))
        case .readPayloads(let ids):
            link.ask(.payloads(ids), OwnReservations.payloadsCommand(identity: plan.identity, ids: ids))
        case .stream(let slot, let chunk): stream(chunk, of: slot)
        case .readIteration(let slot, let id, let jid): readIteration(of: slot, id, jid: jid)
        case .writeIteration(let slot, let id, let jid, let state): writeIteration(of: slot, id, jid: jid, state)
        case .tellIteration(let slot, let message): dispatcher.tell(slot, message)
        case .hold(let slot, let isHeld): dispatcher.hold(slot, isHeld)
        case .concluded(let slot, let run, let outcome, let verdict): concluded(slot, run, outcome, verdict)
        case .register: link.ask(heartbeat.registration(at: now))
        case .listen(let isOn): link.listen(isOn)
        case .start(let slot, let job, let reservation):
            runs += 1
            board?.set(reservation.id.sequence, slot: slot)
            jobLog.started(job, from: reservation.queue)
            dispatcher.start(
                Run(
                    slot: slot, number: runs, job: job, queue: reservation.queue,
                    isLast: job.isLastRun(under: plan.terms.policy, now: now.wall)))
        case .interrupt(let slot): dispatcher.interrupt(slot, grace: handlerGraceSeconds)
        case .cancel(let slot, let failure): dispatcher.cancel(slot, with: failure)
        case .quietHandlers: dispatcher.quiet()
        case .endHandlers:
            dispatcher.stop(grace: handlerGraceSeconds) { [unowned self] in take(.handlersEnded) }
        case .deregister: deregister()
        case .exit:
            // Whoever leaves something behind, since Redis could not be told, must not look as if it had not: the
            // supervisor then has it rescued. 75 is EX_TEMPFAIL.
            exitStatus = state.leavesNothing ? 0 : 75
        case .tell(let notice): jobLog.told(notice)
        }
    }

    // MARK: Times

    private func every(_ seconds: Double, _ action: @escaping () -> Void) {
        loop.at(.now().advanced(bySeconds: seconds)) { [unowned self] in
            action()
            every(seconds, action)
        }
    }

    /// Looks for jobs although no push was noticed: rarely if pushes are heard of, often if they are not.
    private func poll() {
        take(.woken)
        let seconds = link.isUp && !link.hearsPushes ? 0.1 : 2
        loop.at(.now().advanced(bySeconds: seconds)) { [unowned self] in poll() }
    }

    private func housekeeping() {
        link.checkTime()
        tellProgress()
        tellFigures()
        lookForSlowRuns()
        lookAtMemory()
        lookAtSlots()
        if heartbeat.isDue(busy: state.busy, hasMetrics: tally.hasClasses) {
            beat()
        } else if state.busy > 0 || !state.requests.isEmpty {
            askForRequests()
        }
    }
}

/// An event sink that is a closure.
private final class ClosureSink: EventSink {
    var onReady: (Int32) -> Void = { _ in }
    func ready(_ fd: Int32, _ readiness: Readiness) { onReady(fd) }
}
