import Configuration
import Platform

/// What a pool has, counted.
extension ServePool {
    func description(now: MonotonicTime) -> PoolDescription {
        PoolDescription(
            handler: handler.settings.name, isIsolated: isWard, preloader: isWard ? nil : source.preloader(now: now),
            starting: count { $0 == .starting },
            idle: processes.count { $0.state.phase == .open && $0.state.runningCount == 0 },
            busy: processes.count(where: isBusy),
            leaving: processes.count { ![.starting, .open, .stuck].contains($0.state.phase) && !isBusy($0) },
            stuck: count { $0 == .stuck },
            waiting: waiting.count,
            startFailures: backoff.failures, startFailure: backoff.reason,
            secondsToNextStart: backoff.isFailing ? max(backoff.until.seconds(since: now), 0) : nil)
    }

    /// One that does a single run is on its way out as soon as it has it.
    private func isBusy(_ process: ServeProcess) -> Bool {
        let phases: [ServeProcessState.Phase] = isSingle ? [.open, .retiring] : [.open]
        return phases.contains(process.state.phase) && process.state.runningCount > 0
    }

    var isSingle: Bool { handler.settings.maxJobs == 1 }

    var balance: PoolBalance {
        var balance = PoolBalance(
            maximum: maximum, room: isSingle ? 1 : handler.settings.threads, ahead: isSingle && !isQuiet ? ahead : 0)
        balance.minimum = isQuiet ? 0 : minimum
        balance.total = processes.count
        balance.waiting = waiting.count
        balance.unreplaced = isQuiet ? 0 : due.count
        for process in processes {
            switch process.state.phase {
            case .starting:
                balance.starting += 1
                if process.predecessor?.state.phase == .open { balance.replacing += 1 }
            case .open:
                balance.open += 1
                if process.state.runningCount == 0 { balance.idle += 1 }
                if process.state.isDue { balance.due += 1 }
            case .retiring, .leaving, .hungUp, .terminating, .killed:
                if process.state.runsTaken > 0 { balance.finishing += 1 }
            case .stuck, .ended: break
            }
        }
        return balance
    }

    func count(_ isCounted: (ServeProcessState.Phase) -> Bool) -> Int {
        processes.count { isCounted($0.state.phase) }
    }
}
