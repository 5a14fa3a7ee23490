import Logging
import Platform

/// What follows when a child ends.
extension SupervisorState {
    /// EX_OSERR: the system would not start a program.
    private static let cannotSpawnStatus: Int32 = 71
    /// EX_SOFTWARE: a program starts and dies, again and again.
    private static let cannotStartStatus: Int32 = 70
    /// EX_CONFIG: what a child ends with that declines its configuration.
    private static let configurationStatus: Int32 = 78
    /// With back-off this takes 15 s, long enough for what heals by itself (a port still taken).
    private static let startsAllowed = 5
    /// redis-server says nothing when it is ready. One that cannot use its files ends within a second or two.
    private static let settledSeconds = 10.0

    /// - Parameter death: what is to be told of it, should it be a worker's unexplained death.
    mutating func exited(_ id: ChildID, _ status: ExitStatus, _ death: WorkerDeath, now: MonotonicTime) {
        guard let child = remove(id) else { return }
        let wasAsked = child.standing == .ending || child.standing == .retiring || isStopping
        let isClean = wasAsked && status == .exited(0)
        // SIGTERM to it alone, or "stop" on Sidekiq's dashboard: it has put back what it ran and taken its leave.
        let isByOrder = !wasAsked && child.spec.role == .worker && child.wasReady && status == .exited(0)
        let how = status.isUnexplained && !death.how.isEmpty ? death.how : "\(status)"
        if isByOrder {
            log(.notice, "\(child.label) was stopped by an order of its own")
        } else {
            log(isClean ? .info : wasAsked ? .warning : .error, "\(child.label) ended: \(how)")
        }
        if child.spec.role == .worker {
            // Its handlers die before its jobs run again.
            act(.killStrays)
            if !isClean, let identity = child.identity {
                // Whom we told to end, we may have killed for being late. One that is being replaced has all its time.
                let counts = status.isUnexplained && child.standing != .ending && !isStopping
                vanished.add(identity, counts && !death.running.isEmpty ? death : nil, now: now)
            }
        }
        follow(endOf: child, reason: "\(status)", status: status, now: now)
    }

    mutating func spawnFailed(_ id: ChildID, reason: String, now: MonotonicTime) {
        guard let child = remove(id) else { return }
        log(.error, "\(child.spec.name) was not started: \(reason)")
        follow(endOf: child, reason: reason, status: nil, now: now)
    }

    private mutating func remove(_ id: ChildID) -> Child? {
        guard let index = children.firstIndex(where: { $0.id == id }) else { return nil }
        let child = children.remove(at: index)
        endedTotals.processed += child.figures.processed
        endedTotals.failed += child.figures.failed
        return child
    }

    /// - Parameter status: nil if there never was a process.
    private mutating func follow(endOf child: Child, reason: String, status: ExitStatus?, now: MonotonicTime) {
        if isStopping { return continueStop(now: now) }
        if reload?.candidate == child.id {
            return abandonReload(
                because: "\(child.spec.name) of the new configuration: \(child.refusal?.reason ?? reason)", now: now)
        }
        defer { releaseServers(now: now) }
        guard let index = seats.firstIndex(where: { $0.current == child.id }) else { return }
        seats[index].current = nil
        // A redis-server whose specification changed was told to make room for its successor.
        if child.standing == .ending { return fill(seat: index, now: now) }

        let lifetime = now.seconds(since: child.startedAt)
        let hadStarted = child.spec.role.speaksControl ? child.wasReady : lifetime >= Self.settledSeconds
        if hadStarted { seats[index].wasEverReady = true }
        seats[index].failedStarts = hadStarted ? 0 : seats[index].failedStarts + 1
        if phase == .starting, let end = hopeless(seats[index], child, reason: reason, status: status) {
            return self.end(with: end.status, because: end.text, now: now)
        }
        // Its successor is being started by the reload; if that fails, the seat is filled again.
        if let reload, reload.isReplacing(child.spec.name) { return }
        refill(seat: index, afterSeconds: lifetime, hadStarted: hadStarted, now: now)
    }

    /// Starts the seat's child again, now or after its back-off.
    private mutating func refill(seat index: Int, afterSeconds lifetime: Double, hadStarted: Bool, now: MonotonicTime) {
        let name = seats[index].spec.name
        let delay = seats[index].backoff.died(afterSeconds: lifetime, wasReady: hadStarted)
        seats[index].restarts += 1
        if delay > 0 {
            seats[index].restartAt = now.advanced(bySeconds: delay)
            log(.warning, "\(name) is started again in \(Int(delay)) s")
        } else {
            log(.notice, "\(name) is started again at once")
            fill(seat: index, now: now)
        }
    }

    /// Why a service that has never been ready should end rather than try again; nil to try again.
    private func hopeless(
        _ seat: Seat, _ child: Child, reason: String, status: ExitStatus?
    ) -> (status: Int32, text: String)? {
        guard !child.wasReady else { return nil }
        guard let status else {
            return (
                Self.cannotSpawnStatus,
                "\(child.spec.name) cannot be started (\(reason)). The service ends: see that the program is there, "
                    + "may be executed by this user, and that limits on processes and memory leave room for it"
            )
        }
        if status == .exited(Self.configurationStatus) {
            return (
                Self.configurationStatus,
                "\(child.label) declined its configuration; the lines above say why. The service ends: "
                    + "`martlet check` shows every problem at once"
            )
        }
        let isRoleHopeless = !seats.contains { $0.spec.role == child.spec.role && $0.wasEverReady }
        guard seat.failedStarts >= Self.startsAllowed, isRoleHopeless else { return nil }
        return (
            Self.cannotStartStatus,
            "\(child.spec.name) ended \(seat.failedStarts) times in a row before it was ready, last with \(reason). "
                + "The service ends; the lines above say what the child met, `martlet check` proves the configuration"
        )
    }
}
