import Logging
import Platform

/// A reload under way: children are replaced one at a time, and each successor must be ready before its predecessor goes.
struct Reload: Sendable {
    /// How long a successor may take. Seconds.
    static let startLimitSeconds = 60.0

    /// Nil while the configuration is being read.
    var generation: Generation?
    /// As it was made; nil while the configuration is being read.
    var plan: Plan?
    /// Every child of it that is to run.
    var children: [ChildSpec] = []
    /// Those whose turn is still to come.
    var remaining: [ChildSpec] = []
    /// The successor that is being started.
    var candidate: ChildID?
    var candidateSpec: ChildSpec?
    var readyBy = MonotonicTime.never

    func isReplacing(_ name: SeatName) -> Bool { candidateSpec?.name == name }
}

extension SupervisorState {
    mutating func reloadAsked(by origin: String) {
        guard !isStopping else { return log(.notice, "\(origin): ignored, the service is stopping") }
        guard reload == nil else {
            log(.notice, "\(origin): a reload is under way; another one follows it")
            isReloadWanted = true
            return
        }
        log(.notice, "\(origin): reading the configuration again; children are then replaced one by one")
        beginReload()
    }

    private var isPlanning: Bool { reload != nil && reload?.generation == nil }

    private mutating func beginReload() {
        reload = Reload()
        if phase == .serving { act(.notify(.reloading)) }
        act(.makePlan)
    }

    mutating func planFailed(_ reason: String, now: MonotonicTime) {
        guard isPlanning else { return }
        log(.error, "the configuration has a problem, so everything stays as it is: \(reason)")
        finishReload(now: now)
    }

    mutating func planned(_ plan: Plan, now: MonotonicTime) {
        guard isPlanning else { return }
        lastGeneration += 1
        let generation = Generation(lastGeneration, of: plan)
        let children = plan.children(wanting: seats.count { $0.spec.role == .worker })
        let servers = children.filter { !$0.role.speaksControl }
        // The first worker is the trial: if it fails, nothing has changed. The scheduler holds nothing and comes last.
        let ours = Array(children.filter(\.role.speaksControl).inStartOrder)
        reload?.generation = generation
        reload?.plan = plan
        reload?.children = children
        reload?.remaining = ours.filter { $0.role == .worker } + ours.filter { $0.role != .worker }
        for server in servers { alignServer(server, generation, now: now) }
        replaceNext(now: now)
    }

    /// redis-server holds data and has no successor beside it: it is left alone unless it would be started differently.
    ///
    /// An aborted reload does not turn this back: stopping the server once more would help nobody.
    private mutating func alignServer(_ spec: ChildSpec, _ generation: Generation, now: MonotonicTime) {
        guard let index = seats.firstIndex(where: { $0.spec.name == spec.name }) else {
            seats.insert(Seat(spec, of: generation), at: 0)
            return fill(seat: 0, now: now)
        }
        guard seats[index].spec != spec else { return }
        seats[index].spec = spec
        seats[index].generation = generation
        if let current = seats[index].current {
            terminate(current, killAt: now.advanced(bySeconds: Patience.redisServer))
        }
    }

    private mutating func replaceNext(now: MonotonicTime) {
        guard var next = reload, let generation = next.generation else { return }
        guard !next.remaining.isEmpty else {
            dropSurplus(now: now)
            if let done = next.plan { (plan, planGeneration) = (done, generation) }
            log(.notice, "reloaded")
            return finishReload(now: now)
        }
        let spec = next.remaining.removeFirst()
        next.candidateSpec = spec
        next.candidate = spawn(spec, of: generation, now: now)
        next.readyBy = now.advanced(bySeconds: Reload.startLimitSeconds)
        reload = next
    }

    /// The successor is ready: it takes the seat, and the one that had it may go.
    mutating func seatCandidate(now: MonotonicTime) {
        guard let spec = reload?.candidateSpec, let generation = reload?.generation else { return }
        var seat = Seat(spec, of: generation)
        seat.current = reload?.candidate
        seat.wasEverReady = true
        reload?.candidate = nil
        reload?.candidateSpec = nil
        reload?.readyBy = .never
        if let index = seats.firstIndex(where: { $0.spec.name == spec.name }) {
            let predecessor = child(seats[index].current)
            seats[index] = seat
            if let predecessor { dismiss(predecessor, now: now) }
        } else {
            seats.append(seat)
        }
        replaceNext(now: now)
    }

    /// A worker that has jobs ends when they have ended; anything else can go now.
    mutating func dismiss(_ child: Child, because reason: String = "is replaced", now: MonotonicTime) {
        guard child.spec.role == .worker, child.standing == .ready else {
            let patience = child.spec.role == .scheduler ? Patience.scheduler : Patience.unready
            return terminate(child.id, killAt: now.advanced(bySeconds: patience))
        }
        change(child.id) { $0.standing = .retiring }
        log(.info, "\(child.label) \(reason): it ends with its running jobs (\(child.figures.busy))")
        act(.send(child.id, .retire))
    }

    /// What the new plan no longer has.
    private mutating func dropSurplus(now: MonotonicTime) {
        let names = Set((reload?.children ?? []).map(\.name))
        for seat in seats where !names.contains(seat.spec.name) {
            guard let child = child(seat.current), child.spec.role.speaksControl else { continue }
            dismiss(child, now: now)
        }
        seats.removeAll { !names.contains($0.spec.name) }
        releaseServers(now: now)
    }

    /// A redis-server the plan no longer has goes when the last worker that used it has gone.
    mutating func releaseServers(now: MonotonicTime) {
        guard !children.contains(where: { $0.standing == .retiring }) else { return }
        for child in children where !child.spec.role.speaksControl && child.standing != .ending {
            guard !seats.contains(where: { $0.current == child.id }) else { continue }
            terminate(child.id, killAt: now.advanced(bySeconds: Patience.redisServer))
        }
    }

    mutating func checkCandidate(now: MonotonicTime) {
        guard let reload, let candidate = child(reload.candidate), reload.readyBy <= now else { return }
        let limit = Int(Reload.startLimitSeconds)
        let note = candidate.figures.note.isEmpty ? "" : " (\(candidate.figures.note))"
        abandonReload(because: "\(candidate.label) was not ready within \(limit) s\(note)", now: now)
        terminate(candidate.id, killAt: now.advanced(bySeconds: Patience.unready))
    }

    /// Gives up. Seats replaced so far keep their successors, the others what they had; each restarts with its own.
    mutating func abandonReload(because reason: String, now: MonotonicTime) {
        let name = reload?.candidateSpec?.name
        log(.error, "the reload is given up: \(reason). What was running goes on; correct the cause and reload again")
        // Its occupant may have died while the successor was being started.
        for index in seats.indices
        where seats[index].spec.name == name && seats[index].current == nil && seats[index].restartAt == .never {
            fill(seat: index, now: now)
        }
        finishReload(now: now)
    }

    private mutating func finishReload(now: MonotonicTime) {
        reload = nil
        if phase == .serving { act(.notify(.ready(status: statusText))) }
        guard isReloadWanted else { return }
        isReloadWanted = false
        beginReload()
    }
}
