import Configuration
import Glibc
import Handlers
import JobModel
import Logging
import Platform
import Queueing

/// What a worker says of itself: when it is asked, of runs that take too long, and to the supervisor.
extension WorkerLoop {
    /// Of this process and its handlers, as the dashboard shows it.
    static func residentKB() -> Int {
        let own = ProcessIdentity.residentKB(of: getpid()) ?? 0
        return ProcessTree.descendants(of: getpid()).reduce(own) { $0 + (ProcessIdentity.residentKB(of: $1) ?? 0) }
    }

    // MARK: When it is asked

    /// Logs what every slot is doing, for how long, and the state of the pools.
    func describe() {
        let boot = MonotonicTime.bootTime()
        for slot in state.slots.indices {
            guard let run = state.slots[slot].occupation, let description = dispatcher.description(of: slot) else {
                continue
            }
            let isSlow = slow.contains(slot: slot) ? ", slow" : ""
            log.notice(
                "slot \(slot) \(description.standing.words)\(isSlow)",
                metadata: fields(of: description, run, seconds: boot.seconds(since: run.since.boot)))
        }
        describeStreams()
        for slot in dispatcher.writtenOffSlots {
            log.warning(
                "slot \(slot.slot) is written off: a killed process does not end",
                metadata: [
                    "handler": "\(slot.handler)", "handler_pid": .stringConvertible(slot.pid),
                    "jid": "\(slot.jid ?? "-")",
                    "for_seconds": "\(Int(MonotonicTime.now().seconds(since: slot.since)))",
                ])
        }
        for pool in dispatcher.poolDescriptions { log.notice(pool.message, metadata: pool.fields) }
        let census = pool.census()
        log.notice(
            "\(state.busy) of \(state.limit) slots busy, \(census.threads) of \(census.limit) threads started",
            metadata: [
                "slow": "\(slow.count)",
                "spawning": "\(census.working[.spawn, default: 0])",
                "spawns_in_line": "\(census.inLine[.spawn, default: 0])",
                "redis": "\(link.isUp ? "connected" : "away")", "phase": "\(state.phase)",
                "held": "\(state.hold ?? "no")",
            ])
    }

    private func fields(of slot: SlotDescription, _ run: Slot.Occupation, seconds: Double) -> Logger.Metadata {
        [
            "class": "\(slot.jobClass)", "jid": "\(slot.jid ?? "-")", "queue": "\(slot.queue)",
            "handler": "\(slot.handler)", "attempt": "\(slot.attempt)",
            "handler_pid": "\(slot.pid.map(String.init) ?? "-")",
            "since": "\(LogClock.universal(run.since.wall.milliseconds))", "for_seconds": "\(Int(seconds))",
        ]
    }

    // MARK: To the supervisor

    /// Feeds the watchdog, if work moves.
    func tellProgress() {
        obstacle = progress.obstacle(link: link.standing, wantsJobs: state.wantsJobs, at: .now())
        guard let obstacle else {
            control.send(.progress)
            return
        }
        if jobLog.shouldSay("progress", "none") { log.error("no progress: \(obstacle)") }
    }

    func tellFigures() {
        control.send(
            .figures(
                busy: state.busy, slots: state.limit, processed: tally.processed, failed: tally.failed,
                note: remark))
    }

    /// What an operator should see beside the figures; empty if all is well.
    private var remark: String {
        if let obstacle { return "no progress: \(obstacle)" }
        if !link.isUp { return "waiting for Redis" }
        switch state.writtenOff {
        case 0: return state.phase == .running ? state.hold.map { "held: \($0)" } ?? "" : "quiet"
        case 1: return "1 slot written off"
        case let count: return "\(count) slots written off"
        }
    }

    // MARK: Runs that take too long

    /// Looks at what runs, once a second.
    func lookForSlowRuns() {
        let (told, others) = slow.look(at: slowSights())
        for sight in told {
            guard let run = state.slots[sight.slot].occupation, let slot = dispatcher.description(of: sight.slot) else {
                continue
            }
            log.warning(
                "slow: \(slot.complaint(afterSeconds: sight.seconds))",
                metadata: fields(of: slot, run, seconds: sight.seconds))
        }
        if others > 0 { log.warning("slow: \(others) more runs; `martlet status` lists them") }
        guard slow.count != toldSlow, control.send(.slow(slow.count)) else { return }
        toldSlow = slow.count
    }

    private func slowSights() -> [SlowRuns.Sight] {
        guard slowLimits.least < .infinity, state.busy > 0 else { return [] }
        let boot = MonotonicTime.bootTime()
        return state.slots.indices.compactMap { slot in
            guard let run = state.slots[slot].occupation else { return nil }
            let seconds = boot.seconds(since: run.since.boot)
            guard seconds >= slowLimits.least, let description = dispatcher.description(of: slot) else { return nil }
            let limit = slowLimits[description.handler]
            guard seconds >= limit else { return nil }
            return SlowRuns.Sight(
                slot: slot, sequence: run.reservation.id.sequence, seconds: seconds, limit: limit)
        }
    }

    /// What the record in Redis says of a run beside Sidekiq's members.
    func whereabouts(of slot: Int) -> WorkEntry.Whereabouts? {
        dispatcher.description(of: slot).map {
            WorkEntry.Whereabouts(
                handler: $0.handler, pid: $0.pid, standing: $0.standing.rawValue, isSlow: slow.contains(slot: slot))
        }
    }
}

extension RunStanding {
    /// After "slot 3".
    fileprivate var words: String {
        switch self {
        case .waiting: "waits for a process of its handler"
        case .running: "is running"
        case .ending: "was told to end and is still running"
        case .killed: "was killed and is still there"
        }
    }
}

extension SlotDescription {
    /// What a slow run is doing, and what will come of it.
    fileprivate func complaint(afterSeconds seconds: Double) -> String {
        let age = "\(JobLog.text(seconds: seconds)) s"
        switch standing {
        case .waiting: return "has been waiting for a process of its handler for \(age)"
        case .ending: return "was told to end and is still running after \(age)"
        case .killed: return "was killed and is still there after \(age)"
        case .running:
            guard let timeout else {
                return "has been running for \(age); its handler has no timeout that would end it"
            }
            return "has been running for \(age); its timeout of \(JobLog.text(seconds: timeout)) s will end it"
        }
    }
}
