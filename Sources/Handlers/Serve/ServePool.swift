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
    let host: HandlerHost
    /// Where its processes come from.
    let source: any ProcessSource
    /// Processes that may be given runs; those on their way out come on top, at most as many again.
    let maximum: Int
    /// So many there are whether runs wait or not, until no more are expected.
    let minimum: Int
    /// Processes kept ready beside those that run, where each does one run only.
    let ahead: Int
    var processes: [ServeProcess] = []
    /// With room; the one used last is the last. May hold some that have none by now.
    var available: [ServeProcess] = []
    /// Slots whose runs wait for a process, oldest first.
    var waiting: [Int] = []
    /// Open ones that are to be replaced, and whose replacement is not on its way; the longest first.
    var due: [ServeProcess] = []
    var backoff = StartBackoff()
    var isBackoffTimerSet = false
    var isPatienceTimerSet = false
    var unflushed: [ServeProcess] = []
    var isQuiet = false
    var isStopped = false

    /// - Parameters:
    ///   - ahead: where each process does one run, how many are kept ready; nil for as many as run.
    ///   - isWard: its processes do the classes that are kept apart.
    init(
        _ handler: Handler, index: Int, slots: Int, host: HandlerHost, source: any ProcessSource, ahead: Int? = nil,
        isWard: Bool = false
    ) {
        self.slots = slots
        self.handler = handler
        self.index = index
        self.host = host
        self.source = source
        let room = handler.settings.maxJobs == 1 ? 1 : handler.settings.threads
        maximum = min(handler.settings.processes.maximum ?? .max, (slots + room - 1) / room)
        minimum = isWard ? 0 : min(handler.settings.processes.minimum, maximum)
        self.ahead = ahead ?? maximum
        self.isWard = isWard
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

    func tell(slot: Int, _ message: IterationMessage) {
        // A waiting run has asked nothing yet.
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

    func serveWaiting() {
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

    func failWaiting(_ reason: String, longerThan seconds: Double) {
        let now = MonotonicTime.now()
        let overdue = waiting.filter { slot in
            host.board.entries[slot].map { now.seconds(since: $0.since) >= seconds } ?? false
        }
        waiting.removeAll { overdue.contains($0) }
        for slot in overdue { host.board.finish(slot: slot, .notStarted(handler.startFailure(reason)), now: now) }
    }
}
