import Configuration
import JobModel
import Logging
import Platform

/// The serve processes of one handler: started on demand, the last used one first, so that those not needed stay idle.
///
/// Only the leader touches it.
final class ServePool: RunKeeper {
    /// Seconds a job waits for a handler that does not start, before it fails and makes room for jobs of other handlers.
    static let patience = 2.0

    let handler: Handler
    let slots: Int
    /// Its processes do the classes that are kept apart.
    let isWard: Bool
    private let index: Int
    private let host: HandlerHost
    /// Processes that may be given runs; those on their way out come on top, at most as many again.
    let maximum: Int
    /// Processes kept ready beside those that run, where each does one run only.
    let ahead: Int
    private(set) var processes: [ServeProcess] = []
    /// With room; the one used last is the last. May hold some that have none by now.
    private var available: [ServeProcess] = []
    /// Slots whose runs wait for a process, oldest first.
    private(set) var waiting: [Int] = []
    /// Open ones that are to be replaced, and whose replacement is not on its way; the longest first.
    private(set) var due: [ServeProcess] = []
    private(set) var backoff = StartBackoff()
    private var isBackoffTimerSet = false
    private var isPatienceTimerSet = false
    private var unflushed: [ServeProcess] = []
    private(set) var isQuiet = false
    private var isStopped = false

    /// - Parameter ahead: where each process does one run, how many are kept ready; nil for as many as run.
    init(_ handler: Handler, index: Int, slots: Int, host: HandlerHost, ahead: Int? = nil) {
        self.slots = slots
        self.handler = handler
        self.index = index
        self.host = host
        let room = handler.settings.maxJobs == 1 ? 1 : handler.settings.threads
        maximum = (slots + room - 1) / room
        self.ahead = ahead ?? maximum
        isWard = ahead != nil
    }

    /// But for processes that nothing can end.
    var isEmpty: Bool { processes.allSatisfy { $0.state.phase == .stuck } }

    func start(_ run: Run) {
        let now = MonotonicTime.now()
        host.board.occupy(run, handler: index, keeper: self, now: now)
        if waiting.isEmpty, let process = next() {
            give(run, to: process, now: now)
        } else {
            waiting.append(run.slot)
            serveWaiting()
        }
    }

    /// No more jobs are expected: processes end when they have nothing to do. A job that comes all the same is done.
    func quiet() {
        isQuiet = true
        retireIdle()
    }

    /// Ends every process within `grace` seconds; runs end as interrupted.
    func stop(grace: Double) {
        isStopped = true
        let slots = waiting
        waiting = []
        for slot in slots { host.board.finish(slot: slot, .interrupted, now: .now()) }
        for process in processes { process.stop(grace: grace) }
    }

    // MARK: Runs that wait

    func timeOut(slot: Int, with failure: Failure) {
        // A waiting run has no deadline: its time counts from its hand-over.
    }

    func interrupt(slot: Int, grace: Double) {
        waiting.removeAll { $0 == slot }
        host.board.finish(slot: slot, .interrupted, now: .now())
    }

    func cancel(slot: Int, with failure: Failure) {
        waiting.removeAll { $0 == slot }
        host.board.finish(slot: slot, .cancelled(failure), now: .now())
    }

    func hold(slot: Int, _ isHeld: Bool) {
        // A waiting run has no process that could write.
    }

    /// A run comes back that its process cannot have read.
    func takeBack(slot: Int) {
        if host.board.giveBack(slot: slot, to: self) {
            waiting.insert(slot, at: 0)
            serveWaiting()
        } else {
            let message = "the handler's processes end without reading the job they are given"
            let failure = Failure(errorClass: ErrorClass.handlerDied, message: message)
            host.board.finish(slot: slot, .failed(failure), now: .now())
        }
    }

    private func serveWaiting() {
        while !waiting.isEmpty, let process = next(), let run = host.board.entries[waiting[0]]?.run {
            waiting.removeFirst()
            give(run, to: process, now: .now())
        }
        startProcesses()
    }

    private func next() -> ServeProcess? {
        while let process = available.last {
            if process.state.hasRoom { return process }
            available.removeLast()
            process.isListed = false
        }
        return nil
    }

    private func give(_ run: Run, to process: ServeProcess, now: MonotonicTime) {
        process.assign(run, now: now)
        // Still the last used one: its place at the end is the right one.
        if !process.state.hasRoom, available.last === process {
            available.removeLast()
            process.isListed = false
        }
    }

    private func failWaiting(_ reason: String, longerThan seconds: Double) {
        let now = MonotonicTime.now()
        let overdue = waiting.filter { slot in
            host.board.entries[slot].map { now.seconds(since: $0.since) >= seconds } ?? false
        }
        waiting.removeAll { overdue.contains($0) }
        for slot in overdue { host.board.finish(slot: slot, .failed(handler.startFailure(reason)), now: now) }
    }

    // MARK: Starting processes

    private func startProcesses() {
        guard !isStopped, !waiting.isEmpty || !isQuiet && (!due.isEmpty || isSingle) else { return }
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

/// What its processes tell the pool.
extension ServePool {
    func becameReady(_ process: ServeProcess) {
        backoff.succeeded()
        hasRoom(process)
        process.predecessor?.retire()
        process.predecessor = nil
    }

    /// Another is to take its place. Until that is ready it goes on, so that no job waits.
    func due(_ process: ServeProcess, _ why: Recycling) {
        // Nobody needed it in all its life, or nobody will: then nobody has to take its place.
        let isNeeded = !isQuiet && !isStopped && process.state.runsTaken > 0
        let level: Logger.Level = if case .jobs = why { .debug } else { .info }
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
        if isSingle { startProcesses() }
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
                    : "tried again in \(wait) if a job waits for it",
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

    private func retireIdle() {
        guard waiting.isEmpty else { return }
        for process in processes where process.state.phase == .open && process.state.runningCount == 0 {
            process.retire()
        }
    }
}
