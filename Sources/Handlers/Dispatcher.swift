package import Configuration
package import Insight
package import JobModel
package import Logging
package import Platform

/// Runs jobs in handlers: the only door of this module.
///
/// Everything happens in the thread that drives `loop`; nothing here blocks it. A process is spawned wherever `spawn` does
/// that, and `spawn` calls back in the loop's thread.
package final class Dispatcher {
    let host: HandlerHost
    private let table: HandlerTable
    let handlers: [Handler]
    /// One for each handler; nil where a process is spawned for each job.
    let pools: [ServePool?]
    /// Where the processes of each pool come from.
    let sources: [(any ProcessSource)?]
    private let patrol: MemoryPatrol
    /// For temporary files of processes; nil if none has its own.
    private let directories: PrivateDirectories?
    /// Of the files of programs whose processes stay.
    var watches: [ProgramWatch] = []
    /// For classes that are kept apart: one for each handler, made when it is first needed.
    var wards: [Int: ServePool] = [:]
    /// Classes that are kept apart.
    package internal(set) var isolated: Set<JobClass> = []
    private var isStopping = false
    private var whenStopped: (() -> Void)?

    /// How often reaped are processes that handlers left to us and that have ended since, in seconds.
    private static let sweepSeconds = 1.0

    /// At a stop temporary files are waited for so long; the next worker removes the rest.
    private static let lastRemovalSeconds = 0.3

    /// - Parameters:
    ///   - slots: how many runs there may be at once, 1 or more.
    ///   - spawn: see `Spawner`.
    ///   - output: takes what handlers print; nil to write it to `log`.
    ///   - openFilesLimit: soft limit of open files in handlers; nil to pass on ours, which a worker has raised.
    ///   - controlGroup: in which each handler process gets a cgroup of its own; nil for none.
    ///   - adoptsOrphans: this process is child subreaper and every child of it is a handler's, so children that are
    ///     nobody's are reaped here.
    ///   - vmstat: the file that says how often the kernel killed somebody for want of memory; nil not to look.
    ///   - measuredPerSecond: up to so many runs a second all are measured; of more, a fifth of that.
    ///   - memory: from what on memory is worth telling.
    ///   - hostName: for incidents.
    ///   - temporaryDirectory: in which processes have directories of their own.
    ///   - chance: 0 ..< 1, drawn anew by each call; spreads recycling.
    ///   - progress: a sign of life from a run.
    ///   - chunk: children of a run that are not to wait for its end; called like `progress`. Returns what is wrong with
    ///     them, in words that follow "it": the run has then broken the protocol.
    ///   - iteration: how far a run has come that iterates; called like `chunk`, and in order with it.
    ///   - slotChange: nothing may be started in a slot that is written off, until it returns; called like `report`, and
    ///     before the report of the run that was in it.
    ///   - incident: something about memory that names a job; may come while the caller is inside one of our functions.
    ///   - report: the end of a run, in the loop's thread and never while the caller is inside one of our functions.
    /// - Note: looks users up by name, which may block: make it before the loop turns.
    package init(
        settings: [HandlerSettings], slots: Int, loop: EventLoop, spawn: @escaping Spawner,
        log: Logger = Logger(label: "handlers"), output: ((HandlerOutput) -> Void)? = nil,
        openFilesLimit: UInt64? = 1024, controlGroup: ControlGroup? = nil, adoptsOrphans: Bool = false,
        vmstat: String? = nil, measuredPerSecond: Double = 10_000, memory: MemorySettings = MemorySettings(),
        memoryTimes: MemoryTimes = MemoryTimes(), hostName: String = "", temporaryDirectory: String = "/tmp",
        chance: @escaping () -> Double = { Double.random(in: 0..<1) },
        incident: @escaping (MemoryIncident) -> Void = { _ in },
        progress: @escaping (ProgressReport) -> Void = { _ in },
        chunk: @escaping (ChunkReport) -> String? = { _ in "streams its children, which nobody takes here" },
        iteration: @escaping (IterationReport) -> String? = { _ in "iterates, which nobody takes here" },
        slotChange: @escaping (SlotChange) -> Void = { _ in },
        report: @escaping (DispatchReport) -> Void
    ) {
        let current = Credentials.current()
        let directories =
            settings.contains { $0.confinement.privateTmp }
            ? PrivateDirectories(in: temporaryDirectory) { log.warning("\($0)") } : nil
        let handlers = settings.map {
            Handler(
                $0, current: current, openFilesLimit: openFilesLimit, find: Credentials.named(_:),
                privateDirectories: directories)
        }
        let watch = MemoryWatch(memory, times: memoryTimes, host: hostName, report: incident)
        let board = RunBoard(
            slots: slots, handlers: handlers, loop: loop, memory: watch, report: report, progress: progress,
            chunk: chunk, iteration: iteration, slotChange: slotChange)
        let host = HandlerHost(
            loop: loop, spawn: spawn, log: log, output: output ?? { $0.write(to: log) }, board: board,
            adopted: AdoptedProcesses(loop: loop, board: board, log: log),
            groups: HandlerGroups(in: controlGroup, loop: loop, log: log),
            kernelKills: vmstat.map { KernelKills(path: $0) }, chance: chance,
            sampling: Sampling(
                perSecond: measuredPerSecond, sample: measuredPerSecond / 5, seed: UInt64(chance() * 0x1p53)),
            memory: watch)
        table = HandlerTable(settings)
        let sources = handlers.map { Self.source(of: $0, host: host) }
        pools = Self.pools(of: handlers, sources, slots: slots, host: host)
        self.sources = sources
        self.handlers = handlers
        self.directories = directories
        self.host = host
        patrol = MemoryPatrol(board: board, watch: watch, loop: loop) { handlers[$0].settings.name }
        for handler in handlers {
            guard let user = handler.settings.user, handler.credentials == nil, handler.objection == nil,
                user != current.user
            else { continue }
            log.warning(
                "handler \(handler.settings.name) runs as \(current.user), not as \(user): only root can change that")
        }
        if adoptsOrphans { sweep() }
        patrol.start()
        beginProcesses()
    }

    /// Starts a run in its free slot. Whatever becomes of it is reported, also that no handler takes its class.
    package func start(_ run: Run) {
        host.board.hold {
            guard !isStopping else {
                host.board.refuse(run, .interrupted)
                return
            }
            guard let index = table.handler(for: run.job.route) else {
                host.board.refuse(run, .failed(Self.noHandler(for: run.job.route)))
                return
            }
            if let objection = handlers[index].objection {
                host.board.refuse(run, .notStarted(handlers[index].startFailure(objection)))
            } else if let pool = isolated.isEmpty ? pools[index] : pool(of: index, for: run.job.route) {
                pool.start(run)
            } else {
                let spawned = SpawnRun(run, of: handlers[index], host: host)
                host.board.occupy(run, handler: index, keeper: spawned, now: .now())
                spawned.start()
            }
        }
    }

    /// We want the slot back: its handler is ended, and the run is reported as interrupted, unless the handler still says
    /// that it is done. Without effect on a free slot.
    ///
    /// - Parameter grace: seconds between SIGTERM and SIGKILL, if the handler's own are not fewer.
    package func interrupt(_ slot: Int, grace: Double = 1) {
        host.board.hold { host.board.entries[slot]?.keeper.interrupt(slot: slot, grace: grace) }
    }

    /// Somebody wants the run in a slot ended: it is told so, and after its handler's grace its process gets SIGTERM, after
    /// another SIGKILL; where a process runs one job only, SIGTERM at once. It is reported as cancelled, unless the handler
    /// still says that it is done. What else runs in that process when the signal comes is reported as interrupted. Without
    /// effect on a free slot.
    package func cancel(_ slot: Int, with failure: Failure) {
        host.board.hold { host.board.entries[slot]?.keeper.cancel(slot: slot, with: failure) }
    }

    /// Leaves what the run's process writes to descriptor 4 in its pipe, so that it has to wait when that is full; or goes
    /// on reading. With several runs in a process all of them wait. Ends with the run; without effect on a free slot.
    package func hold(_ slot: Int, _ isHeld: Bool) {
        host.board.hold { host.board.entries[slot]?.keeper.hold(slot: slot, isHeld) }
    }

    /// Tells the run in a slot, which iterates, where to go on, or to stop. Without effect on a free slot.
    package func tell(_ slot: Int, _ message: IterationMessage) {
        host.board.hold { host.board.entries[slot]?.keeper.tell(slot: slot, message) }
    }

    /// No more jobs are expected: serve processes are told so and end when they have none. A job that comes all the same
    /// is done.
    package func quiet() {
        host.board.hold {
            for pool in allPools { pool.quiet() }
        }
    }

    /// Ends all handlers and what they have started; what runs is interrupted, and reported first. So is what is started
    /// from now on. Processes that SIGKILL does not end are not waited for.
    ///
    /// - Parameters:
    ///   - grace: seconds between SIGTERM and SIGKILL, at most 1.
    ///   - completion: called once when no handler is left, in the loop's thread.
    package func stop(grace: Double, completion: @escaping () -> Void) {
        isStopping = true
        host.isStopping = true
        whenStopped = completion
        let grace = min(grace, 1)
        host.board.hold {
            for pool in allPools { pool.stop(grace: grace) }
            for source in sources { source?.stop(grace: grace) }
            for slot in host.board.entries.indices {
                host.board.entries[slot]?.keeper.interrupt(slot: slot, grace: grace)
            }
        }
        host.board.afterDelivery = { [weak self] in self?.noticeStop() }
        // If there was nothing to end, nothing will happen that would call back.
        _ = host.loop.at(.now()) { [weak self] in self?.noticeStop() }
    }

    /// What the busy slots are doing, by slot.
    package var slots: [SlotDescription] { host.board.entries.indices.compactMap(description) }

    /// What a slot is doing; nil if it is free.
    package func description(of slot: Int) -> SlotDescription? {
        guard let entry = host.board.entries[slot] else { return nil }
        let settings = handlers[entry.handler].settings
        return SlotDescription(
            slot: slot, number: entry.run.number, jid: entry.run.job.jid, jobClass: entry.run.job.route.text,
            queue: entry.run.queue.text, attempt: entry.run.job.attempt, handler: settings.name, pid: entry.pid,
            standing: entry.standing, seconds: MonotonicTime.now().seconds(since: entry.since),
            timeout: settings.timeout)
    }

    /// Slots that are out of service, the longest first.
    package var writtenOffSlots: [WrittenOffSlot] { host.board.writtenOff }

    /// The state of every serve handler's processes.
    package var poolDescriptions: [PoolDescription] {
        let now = MonotonicTime.now()
        return allPools.map { $0.description(now: now) }
    }

    private func noticeStop() {
        guard let completion = whenStopped, host.board.isIdle, allPools.allSatisfy(\.isEmpty),
            sources.allSatisfy({ $0?.isEmpty ?? true })
        else { return }
        whenStopped = nil
        host.board.afterDelivery = nil
        host.groups.removeIdle()
        directories?.close(by: MonotonicTime.now().advanced(bySeconds: Self.lastRemovalSeconds))
        completion()
    }

    private func sweep() {
        _ = host.loop.at(MonotonicTime.now().advanced(bySeconds: Self.sweepSeconds)) { [weak self] in
            self?.host.adopted.reapStrangers()
            self?.host.kernelKills?.look(at: .now())
            self?.sweep()
        }
    }

    private static func noHandler(for jobClass: JobClass) -> Failure {
        Failure(
            errorClass: ErrorClass.noHandler,
            message: "no handler for class \"\(jobClass.text)\"; "
                + "add it to handlers.<name>.classes in the configuration")
    }
}
