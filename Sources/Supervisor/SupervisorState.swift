import Logging
package import Platform

/// What the supervisor decides, and nothing of what it does: event in, actions out.
///
/// It reads no clock and starts no process, so every decision can be tried with numbers. One thread uses it. This file
/// answers each event; what follows is in the extensions that bear its name: Children, Restart, Stop, Reload, Report.
package struct SupervisorState: Sendable {
    enum Phase: Equatable, Sendable {
        /// Not everything has been ready yet: what cannot start ends the service.
        case starting
        /// Was ready once: what cannot start is tried again.
        case serving
        case stopping(exitStatus: Int32)
        case ended
    }

    var phase = Phase.starting
    var isQuiet = false
    /// What is kept filled, in the order of starting: redis-server, scheduler, workers.
    var seats: [Seat]
    /// All that run, the oldest first: those in seats, the candidate of a reload, and those that were replaced.
    var children: [Child] = []
    var vanished = VanishedWorkers()

    /// Nil unless one is under way.
    var reload: Reload?
    /// Another was asked for meanwhile.
    var isReloadWanted = false
    var lastGeneration = 0
    /// What was last carried out in full, and its generation: what another worker is started from.
    var plan: Plan
    var planGeneration: Generation

    /// The stop was asked for twice.
    var isUrgent = false
    /// The whole stop is to be over by then; `.never` before one.
    var stopBy = MonotonicTime.never

    /// What workers that are gone have done, so that the status never counts backwards.
    var endedTotals = Figures()
    var report: ServiceReport

    private var lastChild = 0
    private var outbox: [SupervisorAction] = []

    /// - Parameter watchdogSeconds: systemd's interval; nil without a watchdog.
    package init(plan: Plan, watchdogSeconds: Double?) {
        let generation = Generation(0, of: plan)
        self.plan = plan
        planGeneration = generation
        seats = plan.children(wanting: 0).inStartOrder.map { Seat($0, of: generation) }
        report = ServiceReport(watchdogSeconds: watchdogSeconds)
    }

    /// Takes one event and says what is to be done, in order.
    package mutating func handle(_ event: SupervisorEvent, now: MonotonicTime) -> [SupervisorAction] {
        guard phase != .ended else { return [] }
        outbox = []
        switch event {
        case .begin: begin(now: now)
        case .asked(let intent, let origin): asked(intent, by: origin, now: now)
        case .spawned(let id, let pid): spawned(id, pid: pid)
        case .spawnFailed(let id, let reason): spawnFailed(id, reason: reason, now: now)
        case .message(let id, let message): heard(message, from: id, now: now)
        case .undelivered(let id, let message): undelivered(message, to: id, now: now)
        case .exited(let id, let status, let how, let running):
            exited(id, status, WorkerDeath(how: how, running: running), now: now)
        case .planned(let plan): planned(plan, now: now)
        case .planFailed(let reason): planFailed(reason, now: now)
        case .tick: elapsed(now: now)
        }
        tellDead(now: now)
        announceReady(now: now)
        reportStatus(now: now)
        return outbox
    }

    /// When `tick` is to come at the latest; `.never` if only an event can change anything.
    package var nextDeadline: MonotonicTime {
        guard phase != .ended else { return .never }
        var next = min(report.nextDeadline, vanished.retryAt, reload?.readyBy ?? .never)
        for child in children { next = min(next, child.killAt) }
        for seat in seats { next = min(next, seat.restartAt) }
        return next
    }

    private mutating func begin(now: MonotonicTime) {
        log(.notice, "starting \(seats.map { "\($0.spec.name)" }.joined(separator: ", "))")
        report.begin(now: now)
        for index in seats.indices { fill(seat: index, now: now) }
    }

    private mutating func asked(_ intent: Intent, by origin: String, now: MonotonicTime) {
        switch intent {
        case .stop: stopAsked(by: origin, now: now)
        case .quiet: quietAsked(by: origin)
        case .reload: reloadAsked(by: origin)
        case .describe: describe(by: origin, now: now)
        }
    }

    private mutating func elapsed(now: MonotonicTime) {
        for child in children where child.killAt <= now {
            log(.warning, "\(child.label) is still there: killing it")
            change(child.id) { $0.killAt = .never }
            act(.signal(child.id, .kill))
        }
        for index in seats.indices where seats[index].restartAt <= now { fill(seat: index, now: now) }
        checkCandidate(now: now)
        feedWatchdog(now: now)
    }

    // MARK: What the extensions act with

    mutating func act(_ action: SupervisorAction) { outbox.append(action) }

    mutating func log(_ level: Logger.Level, _ text: String) { act(.log(level, text)) }

    var isStopping: Bool {
        if case .stopping = phase { true } else { false }
    }

    func child(_ id: ChildID?) -> Child? { children.first { $0.id == id } }

    mutating func change(_ id: ChildID, _ body: (inout Child) -> Void) {
        guard let index = children.firstIndex(where: { $0.id == id }) else { return }
        body(&children[index])
    }

    /// Asks for a process; what becomes of it comes as an event.
    mutating func spawn(_ spec: ChildSpec, of generation: Generation, now: MonotonicTime) -> ChildID {
        lastChild += 1
        let id = ChildID(number: lastChild)
        children.append(Child(id: id, spec: spec, generation: generation, startedAt: now))
        act(.spawn(id, spec, settings: generation.settings))
        return id
    }

    mutating func fill(seat index: Int, now: MonotonicTime) {
        seats[index].restartAt = .never
        seats[index].current = spawn(seats[index].spec, of: seats[index].generation, now: now)
    }
}

extension [ChildSpec] {
    /// What others need comes first: the reverse of the order of stopping.
    var inStartOrder: [ChildSpec] {
        sorted { ($1.role.stopTurn, $0.index) < ($0.role.stopTurn, $1.index) }
    }
}
