import Logging
import Platform

/// How long children that were told to end are waited for before they are killed. Seconds.
enum Patience {
    /// Beyond the stop time-out: a worker ends its handlers (at most 1 s) and gives back their jobs.
    static let worker = 1.6
    /// Beyond the stop time-out, for everything of ours: the product's promise is 2 s.
    static let service = 1.9
    /// A scheduler finishes a step of at most 100 jobs.
    static let scheduler = 3.0
    /// However late it is, the scheduler gets this to rescue what workers that were killed have left.
    static let rescue = 0.2
    /// redis-server writes its files.
    static let redisServer = 10.0
    /// After the second request to stop.
    static let urgent = 2.0
    /// A child that was never ready holds nothing.
    static let unready = 2.0
}

/// The end of the service: workers first, then the scheduler, redis-server last.
extension SupervisorState {
    mutating func stopAsked(by origin: String, now: MonotonicTime) {
        guard isStopping else {
            let seconds = Int(longestStopTimeout.rounded(.up))
            log(
                .notice,
                "\(origin): stopping; running jobs get up to \(seconds) s, then they go back to their queues. "
                    + "A second signal stops at once")
            return beginStop(exitStatus: 0, now: now)
        }
        log(.notice, "\(origin): stopping at once; running jobs go back to their queues")
        guard !isUrgent else { return }
        isUrgent = true
        let deadline = now.advanced(bySeconds: Patience.urgent)
        stopBy = min(stopBy, deadline)
        for child in children where child.standing == .ending {
            // To a worker the second SIGTERM says the same as it says to us.
            if child.spec.role == .worker { act(.signal(child.id, .terminate)) }
            change(child.id) { $0.killAt = min($0.killAt, deadline) }
        }
    }

    /// Ends a service that cannot do its work.
    mutating func end(with status: Int32, because text: String, now: MonotonicTime) {
        log(.critical, text)
        beginStop(exitStatus: status, now: now)
    }

    private mutating func beginStop(exitStatus: Int32, now: MonotonicTime) {
        phase = .stopping(exitStatus: exitStatus)
        stopBy = now.advanced(bySeconds: longestStopTimeout + Patience.service)
        reload = nil
        isReloadWanted = false
        for index in seats.indices { seats[index].restartAt = .never }
        act(.notify(.stopping))
        continueStop(now: now)
    }

    /// Tells those whose turn it is; the next turn comes when all of them have ended.
    mutating func continueStop(now: MonotonicTime) {
        // The scheduler hears of a worker that died while stopping before it is told to stop itself.
        tellDead(now: now)
        guard let turn = children.map(\.spec.role.stopTurn).min() else {
            guard case .stopping(let exitStatus) = phase else { return }
            phase = .ended
            act(.killStrays)
            log(.notice, "stopped")
            return act(.exit(exitStatus))
        }
        for child in children where child.spec.role.stopTurn == turn && child.standing != .ending {
            terminate(child.id, killAt: patienceEnds(for: child, now: now))
        }
    }

    private func patienceEnds(for child: Child, now: MonotonicTime) -> MonotonicTime {
        switch child.spec.role {
        case .worker:
            return now.advanced(bySeconds: child.generation.stopTimeout + Patience.worker)
        case .scheduler:
            return max(
                min(stopBy, now.advanced(bySeconds: Patience.scheduler)), now.advanced(bySeconds: Patience.rescue))
        case .redisServer:
            // What it has acknowledged it has handed to the kernel, so that killing it costs nothing but a slower start.
            return now.advanced(bySeconds: isUrgent ? Patience.urgent : Patience.redisServer)
        }
    }

    mutating func terminate(_ id: ChildID, killAt: MonotonicTime) {
        change(id) {
            $0.standing = .ending
            $0.killAt = killAt
        }
        act(.signal(id, .terminate))
    }

    private var longestStopTimeout: Double {
        children.filter(\.spec.role.speaksControl).map(\.generation.stopTimeout).max() ?? 0
    }
}
