import Configuration
import JobModel
import Logging
import Platform

/// What its processes tell the pool.
extension ServePool {
    func becameReady(_ process: ServeProcess) {
        backoff.succeeded()
        hasRoom(process)
        process.predecessor?.retire()
        process.predecessor = nil
        // It was made while its program changed.
        if let why = source.renewal, process.generation < source.generation { process.handle(.overdue(why)) }
    }

    /// Its program is another one by now: those that have the old one are replaced.
    func renew() {
        // It may be the one that starts.
        backoff.succeeded()
        if let why = source.renewal {
            for process in processes where process.generation < source.generation { process.handle(.overdue(why)) }
        }
        startProcesses()
    }

    /// A process has had nothing to do for a while.
    func isIdle(_ process: ServeProcess) {
        if isQuiet || balance.open > minimum { process.retire() }
    }

    /// Another is to take its place. Until that is ready it goes on, so that no job waits.
    func due(_ process: ServeProcess, _ why: Recycling) {
        // Nobody needed it in all its life, or nobody will: then nobody has to take its place.
        let isNeeded = !isQuiet && !isStopped && (process.state.runsTaken > 0 || balance.open <= minimum)
        let level: Logger.Level =
            switch why {
            case .jobs, .orphaned: .debug
            case .memory, .age, .changed: .info
            }
        host.log.log(
            level: level, "a handler's process is due: it \(why.text)",
            metadata: [
                "handler": "\(handler.settings.name)", "handler_pid": .stringConvertible(process.pid ?? 0),
                "next": isNeeded ? "it goes on until its replacement is ready" : "it ends when it has nothing to do",
            ])
        guard isNeeded else { return process.retire() }
        due.append(process)
        startProcesses()
    }

    /// A run of it is over, or it has just become ready.
    func hasRoom(_ process: ServeProcess) {
        if process.state.hasRoom, !process.isListed {
            process.isListed = true
            available.append(process)
        }
        serveWaiting()
        if isQuiet { retireIdle() }
    }

    /// It gets no more runs.
    func closed(_ process: ServeProcess) {
        if process.isListed {
            process.isListed = false
            available.removeAll { $0 === process }
        }
        due.removeAll { $0 === process }
        if isSingle || minimum > 0 { startProcesses() }
    }

    func startFailed(_ reason: String, of process: ServeProcess) {
        let now = MonotonicTime.now()
        backoff.failed(reason, now: now)
        let wait = Handler.text(seconds: max(backoff.until.seconds(since: now), 0))
        let isReplacement = process.predecessor?.state.phase == .open
        host.log.warning(
            "a handler does not start: \(reason)",
            metadata: [
                "handler": "\(handler.settings.name)",
                "next": isReplacement
                    ? "the process it was to replace goes on; tried again in \(wait)"
                    : "tried again in \(wait)\(minimum > 0 ? "" : " if a job waits for it")",
            ])
        // As long as another process serves or may yet, the jobs wait for that.
        if count({ $0 == .starting || $0 == .open }) == 0 { failWaiting(reason, longerThan: 0) }
    }

    /// It will end when the kernel lets it; until then it counts among the processes there may be.
    func stuck(_ process: ServeProcess) { startProcesses() }

    func ended(_ process: ServeProcess) {
        processes.removeAll { $0 === process }
        closed(process)
        if let predecessor = process.predecessor, predecessor.state.phase == .open { due.insert(predecessor, at: 0) }
        process.predecessor = nil
        startProcesses()
    }

    func flushSoon(_ process: ServeProcess) {
        unflushed.append(process)
        guard unflushed.count == 1 else { return }
        _ = host.loop.at(.now()) { [self] in
            let batch = unflushed
            unflushed.removeAll(keepingCapacity: true)
            for process in batch { process.flush() }
            host.board.deliver()
        }
    }

    func retireIdle() {
        guard waiting.isEmpty else { return }
        for process in processes where process.state.phase == .open && process.state.runningCount == 0 {
            process.retire()
        }
    }
}
