import Logging
import Platform

/// What children say, and what they are told.
extension SupervisorState {
    mutating func spawned(_ id: ChildID, pid: Int32) {
        change(id) { $0.pid = pid }
        if let child = child(id) { log(.debug, "\(child.label) started") }
    }

    mutating func heard(_ message: ControlMessage, from id: ChildID, now: MonotonicTime) {
        guard let child = child(id) else { return }
        if !child.hasSpoken {
            change(id) { $0.hasSpoken = true }
            // It handles signals by now, and is told what it was not there to hear.
            if isQuiet, !isStopping { act(.signal(id, .user1)) }
        }
        switch message {
        case .ready: ready(child, now: now)
        case .progress: change(id) { $0.lastProgressAt = now }
        case .identity(let name): change(id) { $0.identity = name }
        case .figures(let busy, let slots, let processed, let failed, let note):
            change(id) {
                $0.figures = Figures(
                    busy: busy, slots: slots, processed: processed, failed: failed, slow: $0.figures.slow, note: note)
            }
        case .slow(let count): change(id) { $0.figures.slow = count }
        case .workers(let count): workersWanted(count, by: child, now: now)
        case .refused(let exitCode, let reason): refused(child, Refusal(exitCode: exitCode, reason: reason), now: now)
        case .dead, .retire: log(.warning, "\(child.label) sent what only the supervisor says; ignored")
        }
    }

    private mutating func ready(_ child: Child, now: MonotonicTime) {
        guard child.standing == .starting else { return }
        change(child.id) {
            $0.standing = .ready
            $0.wasReady = true
            $0.lastProgressAt = now
        }
        if let seat = seats.firstIndex(where: { $0.current == child.id }) {
            seats[seat].wasEverReady = true
            seats[seat].failedStarts = 0
        }
        log(.info, "\(child.label) is ready")
        if child.spec.role == .scheduler { vanished.forgetTelling(now: now) }
        if reload?.candidate == child.id { seatCandidate(now: now) }
    }

    /// A refusal is a reason to end the service while it has never been ready; later it is one failed start of many.
    private mutating func refused(_ child: Child, _ refusal: Refusal, now: MonotonicTime) {
        change(child.id) { $0.refusal = refusal }
        let isCandidate = reload?.candidate == child.id
        if phase == .starting, !isCandidate {
            end(
                with: refusal.exitCode,
                because:
                    "\(child.label) cannot work: \(refusal.reason). The service ends with exit status \(refusal.exitCode)",
                now: now)
        } else {
            log(.error, "\(child.label) cannot work: \(refusal.reason)")
        }
    }

    mutating func undelivered(_ message: ControlMessage, to id: ChildID, now: MonotonicTime) {
        switch message {
        case .dead(let identity, _):
            vanished.untold(identity, now: now)
        case .retire:
            // It does not read, so it would never end by itself. A stop it cannot overlook.
            guard let child = child(id), child.standing == .retiring else { return }
            log(.warning, "\(child.label) does not take messages: it is stopped instead")
            terminate(id, killAt: now.advanced(bySeconds: child.generation.stopTimeout + Patience.worker))
        case .ready, .progress, .identity, .figures, .slow, .workers, .refused:
            break  // Never sent by the supervisor.
        }
    }

    /// Tells the scheduler whose jobs to rescue; without a ready one they wait.
    mutating func tellDead(now: MonotonicTime) {
        guard let scheduler = seats.first(where: { $0.spec.role == .scheduler }),
            let child = child(scheduler.current), child.standing == .ready
        else { return vanished.awaitScheduler() }
        for (identity, death) in vanished.takeUntold(now: now) {
            act(.send(child.id, .dead(identity: identity, death)))
        }
    }

    mutating func quietAsked(by origin: String) {
        guard !isStopping else { return log(.notice, "\(origin): ignored, the service is stopping") }
        log(.notice, "\(origin): quiet; running jobs go on, no new ones are fetched")
        isQuiet = true
        for child in children where child.hasSpoken && child.spec.role.speaksControl { act(.signal(child.id, .user1)) }
    }

    mutating func describe(by origin: String, now: MonotonicTime) {
        log(.notice, "\(origin): \(statusText)")
        for child in children {
            log(.notice, line(about: child, now: now))
            if child.hasSpoken, child.spec.role == .worker { act(.signal(child.id, .ttin)) }
        }
        for seat in seats where seat.restartAt != .never {
            let seconds = seat.restartAt.seconds(since: now)
            log(.notice, "\(seat.spec.name): down, to be started again in \(Int(seconds.rounded(.up))) s")
        }
    }

    private func line(about child: Child, now: MonotonicTime) -> String {
        // redis-server never says that it is ready.
        let isSilent = !child.spec.role.speaksControl && child.standing == .starting
        var parts = [isSilent ? "running" : "\(child.standing)", "up \(Int(now.seconds(since: child.startedAt))) s"]
        if child.spec.role == .worker {
            parts += child.figures.slotParts
            parts.append("\(child.figures.processed) processed, \(child.figures.failed) failed")
        }
        if child.spec.role.speaksControl {
            parts.append("last progress \(Int(now.seconds(since: child.lastProgressAt))) s ago")
        }
        if let identity = child.identity { parts.append("identity \(identity)") }
        if let seat = seats.first(where: { $0.current == child.id }), seat.restarts > 0 {
            parts.append("restarted \(seat.restarts) times")
        }
        if !child.figures.note.isEmpty { parts.append(child.figures.note) }
        return "\(child.label): \(parts.joined(separator: ", "))"
    }
}
