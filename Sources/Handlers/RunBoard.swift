import Configuration
import Insight
import JobModel
import Platform

/// Who answers for a run that goes on: the pool it waits in, or the process that runs it.
protocol RunKeeper: AnyObject {
    /// The run's time is up: end it with `failure`, whatever it says from now on.
    func timeOut(slot: Int, with failure: Failure)
    /// We want the slot back: end the run within `grace` seconds.
    func interrupt(slot: Int, grace: Double)
    /// Somebody wants the run ended: it ends with `failure`, unless it says that it is done.
    func cancel(slot: Int, with failure: Failure)
    /// Whether to leave what its process writes to descriptor 4 in the pipe for now.
    func hold(slot: Int, _ isHeld: Bool)
    /// A run that iterates is told where to go on, or to stop.
    func tell(slot: Int, _ message: IterationMessage)
}

/// What every slot is doing, when its time is up, and the reports that wait to be delivered.
///
/// Only the leader touches it. Nothing refers to it weakly, nor to what else each job passes through: an object with a
/// weak reference counts all its references in a slower way from then on.
final class RunBoard {
    struct Entry {
        let run: Run
        /// The index of its handler.
        let handler: Int
        var keeper: any RunKeeper
        /// When it was handed to its handler; until then, when it was dispatched.
        var since: MonotonicTime
        var deadline = MonotonicTime.never
        /// Its time is up since it was cancelled: seconds between SIGTERM and SIGKILL.
        var cancelGrace: Double?
        var pid: Int32?
        var standing = RunStanding.waiting
        var children = PushedJobs()
        /// How often it went back to its pool, because a process ended without having read it.
        var returns = 0
        /// It does its job element by element.
        var isIterating = false
    }

    private(set) var entries: [Entry?]
    /// What keeps slots out of service; the oldest first.
    private(set) var writtenOff: [WrittenOffSlot] = []
    /// Called at the end of every event, when nothing waits for delivery; set for a stop only.
    var afterDelivery: (() -> Void)?
    private let handlers: [Handler]
    private let loop: EventLoop
    private let memory: MemoryWatch
    private let report: (DispatchReport) -> Void
    private let reportProgress: (ProgressReport) -> Void
    private let reportChunk: (ChunkReport) -> String?
    private let reportIteration: (IterationReport) -> String?
    private let reportChange: (SlotChange) -> Void
    private var reports: [DispatchReport] = []
    private var changes: [SlotChange] = []
    private var isDelivering = false
    private var isDeliverySet = false
    /// A caller is inside one of the dispatcher's functions.
    private var isHeld = false
    /// When the timer goes off that looks for runs past their deadline; `.never` if none is set.
    private var nextLook = MonotonicTime.never
    private var lookTimer: TimerID?

    init(
        slots: Int, handlers: [Handler], loop: EventLoop, memory: MemoryWatch,
        report: @escaping (DispatchReport) -> Void,
        progress: @escaping (ProgressReport) -> Void, chunk: @escaping (ChunkReport) -> String?,
        iteration: @escaping (IterationReport) -> String?, slotChange: @escaping (SlotChange) -> Void
    ) {
        entries = Array(repeating: nil, count: slots)
        self.handlers = handlers
        self.loop = loop
        self.memory = memory
        self.report = report
        reportProgress = progress
        reportChunk = chunk
        reportIteration = iteration
        reportChange = slotChange
    }

    /// No run goes on, and nothing waits for delivery.
    var isIdle: Bool { reports.isEmpty && entries.allSatisfy { $0 == nil } }

    /// - Precondition: the slot is free.
    func occupy(_ run: Run, handler: Int, keeper: any RunKeeper, now: MonotonicTime) {
        precondition(entries[run.slot] == nil, "a slot holds at most one run")
        entries[run.slot] = Entry(run: run, handler: handler, keeper: keeper, since: now)
    }

    /// The run was handed to a process: its time counts from now.
    ///
    /// - Returns: its deadline in milliseconds since the epoch; nil if its handler has no time limit.
    func begin(slot: Int, keeper: any RunKeeper, pid: Int32?, now: MonotonicTime) -> Int64? {
        entries[slot]?.keeper = keeper
        entries[slot]?.pid = pid
        entries[slot]?.standing = .running
        entries[slot]?.since = now
        guard let index = entries[slot]?.handler, let timeout = handlers[index].settings.timeout else { return nil }
        let deadline = now.advanced(bySeconds: timeout)
        entries[slot]?.deadline = deadline
        look(at: deadline)
        return WallClock.milliseconds() + Int64((timeout * 1000).rounded())
    }

    /// The run was told that it is cancelled; if it still goes on at that time its process is interrupted.
    func endCancelled(slot: Int, grace: Double, at time: MonotonicTime) {
        guard let deadline = entries[slot]?.deadline else { return }
        entries[slot]?.cancelGrace = grace
        entries[slot]?.standing = .ending
        entries[slot]?.deadline = min(deadline, time)
        look(at: time)
    }

    func setPID(_ pid: Int32, slot: Int) { entries[slot]?.pid = pid }

    func setStanding(_ standing: RunStanding, slot: Int) { entries[slot]?.standing = standing }

    /// Three times is no coincidence any more: its handler ends whenever it is given a job.
    static let maximumReturns = 3

    /// The run goes back to its pool, not having been read by any process.
    ///
    /// - Returns: false if it has done so too often.
    func giveBack(slot: Int, to pool: any RunKeeper) -> Bool {
        guard let returns = entries[slot]?.returns, returns < Self.maximumReturns else { return false }
        entries[slot]?.returns = returns + 1
        entries[slot]?.keeper = pool
        entries[slot]?.pid = nil
        entries[slot]?.standing = .waiting
        entries[slot]?.deadline = .never
        return true
    }

    func push(_ jobs: [[UInt8]], slot: Int) throws(ProtocolViolation) { try entries[slot]?.children.append(jobs) }

    /// Hands on what a run streams, at once: it comes before the run's outcome.
    func chunk(_ jobs: [[UInt8]], checkpoint: [UInt8]?, slot: Int) throws(ProtocolViolation) {
        guard let entry = entries[slot] else { return }
        let report = ChunkReport(
            slot: slot, jobs: jobs, checkpoint: checkpoint,
            sharesProcess: handlers[entry.handler].settings.threads > 1)
        if let objection = reportChunk(report) { throw ProtocolViolation(objection) }
    }

    /// Hands on how far a run has come, at once and in order with what it streams.
    func iterate(cursor: [UInt8]?, slot: Int) throws(ProtocolViolation) {
        guard let entry = entries[slot] else { return }
        entries[slot]?.isIterating = true
        let report = IterationReport(slot: slot, number: entry.run.number, cursor: cursor)
        if let objection = reportIteration(report) { throw ProtocolViolation(objection) }
    }

    func progress(slot: Int, percent: Double?, note: String?) {
        guard let number = entries[slot]?.run.number else { return }
        reportProgress(ProgressReport(slot: slot, number: number, percent: percent, note: note))
    }

    /// Frees the slot and lets the outcome wait for delivery.
    ///
    /// - Parameters:
    ///   - cost: what it cost, if it was measured.
    ///   - stuck: the process that ran it, if it was killed and does not end: the slot is then out of service until
    ///     `giveBack(pid:)`.
    func finish(
        slot: Int, _ outcome: Outcome, now: MonotonicTime, cost: RunCost? = nil, stuck: Int32? = nil
    ) {
        guard let entry = entries[slot] else { preconditionFailure("a run ends once") }
        entries[slot] = nil
        let handler = handlers[entry.handler].settings.name
        if let stuck {
            takeAway(WrittenOffSlot(slot: slot, handler: handler, pid: stuck, jid: entry.run.job.jid, since: now))
        }
        if case .died(let failure, _) = outcome, failure.errorClass == ErrorClass.outOfMemory {
            memory.tellKilled(entry.run, handler: handler, cost, seconds: now.seconds(since: entry.since))
        }
        reports.append(
            DispatchReport(
                slot: slot, number: entry.run.number, outcome: outcome,
                children: outcome == .succeeded ? entry.children.jobs : [],
                durationSeconds: now.seconds(since: entry.since), handler: handler, pid: entry.pid, cost: cost))
    }

    /// Puts a slot out of service, whether or not a run goes on in it.
    func takeAway(_ slot: WrittenOffSlot) {
        if !writtenOff.contains(where: { $0.slot == slot.slot }) { changes.append(.writtenOff(slot.slot)) }
        writtenOff.append(slot)
    }

    /// A process that kept slots out of service has ended after all.
    func giveBack(pid: Int32) {
        let slots = Set(writtenOff.filter { $0.pid == pid }.map(\.slot))
        writtenOff.removeAll { $0.pid == pid }
        for slot in slots.sorted() where !writtenOff.contains(where: { $0.slot == slot }) {
            changes.append(.returned(slot))
        }
    }

    /// A run that reaches no handler.
    func refuse(_ run: Run, _ outcome: Outcome) {
        reports.append(
            DispatchReport(
                slot: run.slot, number: run.number, outcome: outcome, children: [], durationSeconds: 0,
                handler: nil, pid: nil))
    }

    /// Delivers what waits: called at the end of every event. While a caller is inside one of the dispatcher's functions
    /// it waits for the next turn of the loop.
    func deliver() {
        guard !isDelivering else { return }
        if isHeld {
            if !reports.isEmpty { deliverSoon() }
            return
        }
        isDelivering = true
        // Before the report of the run that was in it.
        let changes = changes
        self.changes.removeAll()
        for change in changes { reportChange(change) }
        var next = 0
        // A report may dispatch the next run, which may report at once.
        while next < reports.count {
            let current = reports[next]
            next += 1
            report(current)
        }
        reports.removeAll(keepingCapacity: true)
        isDelivering = false
        afterDelivery?()
    }

    /// Runs a caller's wish; what it decides at once is reported in the next turn, not while the caller is inside.
    func hold(_ body: () -> Void) {
        let wasHeld = isHeld
        isHeld = true
        body()
        isHeld = wasHeld
        if !isDelivering, !reports.isEmpty { deliverSoon() }
    }

    private func deliverSoon() {
        guard !isDeliverySet else { return }
        isDeliverySet = true
        _ = loop.at(.now()) { [self] in
            isDeliverySet = false
            deliver()
        }
    }

    /// One timer for all runs: it is set to the earliest deadline known and not taken back when that run ends, so a run
    /// that ends in time costs no timer at all.
    private func look(at deadline: MonotonicTime) {
        guard deadline < nextLook else { return }
        nextLook = deadline
        if let lookTimer { loop.cancel(lookTimer) }
        lookTimer = loop.at(deadline) { [self] in endOverdueRuns() }
    }

    private func endOverdueRuns() {
        let now = MonotonicTime.now()
        nextLook = .never
        lookTimer = nil
        var earliest = MonotonicTime.never
        for slot in entries.indices {
            guard let entry = entries[slot], entry.deadline < .never else { continue }
            if entry.deadline > now {
                earliest = min(earliest, entry.deadline)
            } else {
                entries[slot]?.deadline = .never
                if let grace = entry.cancelGrace {
                    entry.keeper.interrupt(slot: slot, grace: grace)
                } else {
                    entry.keeper.timeOut(slot: slot, with: handlers[entry.handler].timeoutFailure)
                }
            }
        }
        if earliest < .never { look(at: earliest) }
        deliver()
    }
}
