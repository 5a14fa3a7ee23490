import Configuration
import Handlers
import JobModel
import Logging
import Platform
import Queueing

/// What runs jobs, and what it reports.
extension WorkerLoop {
    func makeDispatcher() -> Dispatcher {
        Dispatcher(
            settings: plan.settings.handlers, slots: plan.settings.slots, loop: loop,
            spawn: { [pool] spec, completion in
                let completion = Unshared(completion)
                pool.submit(.spawn) {
                    let result = Unshared(Result { () throws(SpawnError) in try spec.spawn() })
                    return { completion.value(result.value) }
                }
            }, log: log, openFilesLimit: plan.openFilesLimit, controlGroup: plan.controlGroup,
            adoptsOrphans: true, vmstat: "/proc/vmstat",
            measuredPerSecond: WorkerPlan.measuredPerSecond / Double(plan.settings.processes),
            memory: plan.settings.memory, hostName: plan.origin.host,
            incident: { [unowned self] in noticed($0) },
            chunk: { [unowned self] in streamed($0) },
            iteration: { [unowned self] in iterated($0) },
            slotChange: { [unowned self] change in
                switch change {
                case .writtenOff(let slot): take(.slotWrittenOff(slot))
                case .returned(let slot): take(.slotReturned(slot))
                }
            },
            report: { [unowned self] in ended($0) })
    }

    func ended(_ report: DispatchReport) {
        board?.set(nil, slot: report.slot)
        guard let run = state.slots[report.slot].occupation else { return }
        if state.capsules[0].slots.contains(report.slot) { slotMeter?.note(report) }
        if let cost = report.cost {
            heartbeat.coreWaits.note(cost)
            watchIsolated(run.job.route, cost)
        }
        let result = RunResult(
            report, of: run.job, random: &random, now: now.wall, as: plan.settings.sidekiq,
            limits: plan.settings.payloadLimits)
        take(.ran(slot: report.slot, result))
        if state.streams[report.slot]?.result == nil {
            let outcome = state.latestOutcome ?? report.outcome
            tally.note(report, outcome, of: run)
            jobLog.ended(run.job, from: run.reservation.queue, report, outcome, state.latestVerdict)
        } else {
            waitingReports[report.slot] = report
        }
        if slow.ended(slot: report.slot) {
            let seconds = MonotonicTime.bootTime().seconds(since: run.since.boot)
            jobLog.slowEnded(run.job, from: run.reservation.queue, report, seconds: seconds)
        }
    }
}
