import Glibc
import Handlers
import Insight
import JobModel
import Logging
import Platform
import Queueing

/// `concurrency: auto`. It is about the first capsule, which that key belongs to; the others have the slots they were given.
extension WorkerLoop {
    /// Where the number of slots is found by measurement it begins low: what is too few shows soon, and does no harm.
    func beginWithFewSlots() {
        slotMeter = SlotMeter(plan.settings)
        if let slotMeter { take(.limited(slotMeter.control.limit)) }
    }

    /// Looks once a second. What is asked of Redis here is answered by the next look.
    func lookAtSlots() {
        guard slotMeter != nil, state.phase == .running else { return }
        let ownKB = ProcessIdentity.residentKB(of: getpid()) ?? 0
        let sight = slotMeter?.sight(
            of: state, seconds: MonotonicTime.bootTime().seconds(since: .init(nanoseconds: 0)),
            isStarting: dispatcher.poolDescriptions.contains { $0.starting > 0 }, tightest: pressure.tightest,
            handlersKB: max(0, heartbeat.residentKB - ownKB))
        if let sight, let change = slotMeter?.control.look(at: sight) {
            log.notice("\(change)")
            take(.limited(change.to))
            tellFigures()
        }
        guard link.isUp else { return }
        slotMeter?.beginDepths()
        let queues = state.capsules[0].order.names
        for (index, command) in QueueList.depthCommands(queues).enumerated() {
            link.ask(.depth(isLast: index == queues.count - 1), command)
        }
        link.flush()
    }
}
