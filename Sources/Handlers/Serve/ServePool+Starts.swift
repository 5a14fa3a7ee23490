import Configuration
import JobModel
import Platform

/// When it starts processes, and how long jobs wait for one that does not start.
extension ServePool {
    /// Loads the program and starts those that are always there, before there is a job.
    func warmUp() {
        guard !isQuiet, !isStopped else { return }
        source.prepare()
        startProcesses()
    }

    func startProcesses() {
        guard !isStopped, !waiting.isEmpty || !isQuiet && (!due.isEmpty || isSingle || minimum > 0) else { return }
        // As many as there may ever be, and the kernel holds them all: more would only join them.
        if count({ $0 == .stuck }) >= 2 * maximum {
            failWaiting("its \(processes.count) processes were killed and do not end", longerThan: 0)
            return
        }
        let balance = balance
        let (forRuns, forDue) = (balance.startsForRuns, balance.startsForDue)
        guard !backoff.isFailing else {
            if balance.starting == 0, forRuns + forDue > 0 { startProbe() }
            return
        }
        for _ in 0..<forRuns { startOne() }
        for _ in 0..<forDue where !due.isEmpty { startOne(inPlaceOf: due.removeFirst()) }
    }

    /// After a failed start one process alone tries, when its time has come.
    private func startProbe() {
        guard MonotonicTime.now() < backoff.until else {
            startOne(inPlaceOf: waiting.isEmpty && !due.isEmpty ? due.removeFirst() : nil)
            return
        }
        if !isBackoffTimerSet {
            isBackoffTimerSet = true
            _ = host.loop.at(backoff.until) { [self] in
                isBackoffTimerSet = false
                startProcesses()
                host.board.deliver()
            }
        }
        watchPatience()
    }

    private func startOne(inPlaceOf predecessor: ServeProcess? = nil) {
        // Up to a tenth less, so that processes started together are not recycled together.
        let maximumRuns = handler.settings.maxJobs.map {
            max($0 - Int((Double($0) * 0.1 * host.chance()).rounded()), 1)
        }
        let process = ServeProcess(handler, maximumRuns: maximumRuns, pool: self, host: host)
        process.predecessor = predecessor
        processes.append(process)
        process.start()
    }

    private func watchPatience() {
        guard !isPatienceTimerSet, let slot = waiting.first, let since = host.board.entries[slot]?.since else { return }
        isPatienceTimerSet = true
        _ = host.loop.at(since.advanced(bySeconds: Self.patience)) { [self] in
            isPatienceTimerSet = false
            losePatience()
        }
    }

    private func losePatience() {
        guard let reason = backoff.reason, !waiting.isEmpty else { return }
        // A process that is on its way has a limit of its own.
        if count({ $0 == .starting }) == 0 { failWaiting(reason, longerThan: Self.patience) }
        if backoff.isFailing, count({ $0 == .starting }) == 0 { watchPatience() }
        host.board.deliver()
    }
}
