import Configuration
import Glibc
import Handlers
import Logging
import Platform

/// What a worker says of itself when it is asked.
extension WorkerLoop {
    /// Of this process and its handlers, as the dashboard shows it.
    static func residentKB() -> Int {
        let own = ProcessIdentity.residentKB(of: getpid()) ?? 0
        return ProcessTree.descendants(of: getpid()).reduce(own) { $0 + (ProcessIdentity.residentKB(of: $1) ?? 0) }
    }

    /// Logs what every slot is doing, for how long, and the state of the pools.
    func describe() {
        for slot in dispatcher.slots {
            log.notice(
                "slot \(slot.slot) \(slot.isWaiting ? "waits for a process of its handler" : "is running")",
                metadata: [
                    "class": "\(slot.jobClass)", "jid": "\(slot.jid ?? "-")", "queue": "\(slot.queue)",
                    "handler": "\(slot.handler)", "attempt": "\(slot.attempt)",
                    "handler_pid": "\(slot.pid.map(String.init) ?? "-")", "for_seconds": "\(Int(slot.seconds))",
                ])
        }
        for handler in dispatcher.poolDescriptions {
            log.notice(
                "handler \(handler.handler): \(handler.busy) processes busy, \(handler.idle) idle",
                metadata: [
                    "starting": "\(handler.starting)", "leaving": "\(handler.leaving)", "waiting": "\(handler.waiting)",
                    "failed_starts": "\(handler.startFailures)",
                ])
        }
        let census = pool.census()
        log.notice(
            "\(state.busy) of \(plan.settings.concurrency) slots busy, \(census.threads) of \(census.limit) threads started",
            metadata: [
                "spawning": "\(census.working[.spawn, default: 0])",
                "spawns_in_line": "\(census.inLine[.spawn, default: 0])",
                "redis": "\(link.isUp ? "connected" : "away")", "phase": "\(state.phase)",
            ])
    }
}
