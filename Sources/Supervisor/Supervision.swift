import Glibc
import Logging
import Platform

/// Carries out what `SupervisorState` decides, on real processes. Used by one thread.
final class Supervision {
    /// Between two looks at strays that were killed: SIGKILL takes effect within a millisecond or so. Each time the same one
    /// is still there it is twice as long, up to the second: it hangs in the kernel, and a look costs a scan of /proc.
    private static let sweepSeconds = 0.01
    private static let longestSweepSeconds = 1.0
    /// At the end of the service. What SIGKILL does not end within this hangs in the kernel.
    private static let lastSweepSeconds = 1.0

    private let events: EventLoop
    private let makePlan: () throws -> Plan
    private let delegation: Delegation?
    private let logger: Logger
    private var state: SupervisorState
    private var running: [ChildID: RunningChild] = [:]
    private var queue: [SupervisorEvent] = []
    private var isHandling = false
    /// When strays are looked for again; `.never` while there are none to wait for.
    private var sweepAt = MonotonicTime.never
    private var sweepPause = sweepSeconds
    private var exitStatus: Int32?
    /// How many children the kernel has killed for want of memory, as far as was looked.
    private var shortages: Int

    init(
        _ state: SupervisorState, events: EventLoop, makePlan: @escaping () throws -> Plan, delegation: Delegation?,
        logger: Logger
    ) {
        self.state = state
        self.events = events
        self.makePlan = makePlan
        self.delegation = delegation
        self.logger = logger
        shortages = delegation?.ownShortages ?? 0
        // What a supervisor before us left, if it was killed.
        sweepAt = delegation == nil ? .never : .now()
    }

    /// Runs until the state says exit.
    ///
    /// - Returns: the exit status it said.
    func run() throws(SystemError) -> Int32 {
        handle(.begin)
        while true {
            if let exitStatus { return exitStatus }
            try events.turn(upTo: min(state.nextDeadline, sweepAt))
            let now = MonotonicTime.now()
            if sweepAt <= now { sweep() }
            if state.nextDeadline <= now { handle(.tick) }
        }
    }

    /// Has an event decided and its actions done, and those of the events they cause.
    func handle(_ event: SupervisorEvent) {
        queue.append(event)
        // Performing an action may cause an event; it waits until the actions before it are done.
        guard !isHandling else { return }
        isHandling = true
        defer { isHandling = false }
        while !queue.isEmpty {
            for action in state.handle(queue.removeFirst(), now: .now()) { perform(action) }
        }
    }

    private func perform(_ action: SupervisorAction) {
        switch action {
        case .spawn(let id, let spec, let settings): spawn(id, spec, settings: settings)
        case .signal(let id, let signal): running[id]?.signal(signal)
        case .send(let id, let message):
            if running[id]?.send(message) != true { handle(.undelivered(id, message)) }
        case .killStrays:
            sweepPause = Self.sweepSeconds
            sweep()
        case .makePlan: plan()
        case .notify(let notice): notify(notice)
        case .log(let level, let text): logger.log(level: level, "\(text)")
        case .exit(let status): exitStatus = status
        }
    }

    // MARK: Children

    private func spawn(_ id: ChildID, _ spec: ChildSpec, settings: [UInt8]) {
        do {
            running[id] = try start(id, spec, settings: settings)
        } catch {
            return handle(.spawnFailed(id, reason: "\(error)"))
        }
        handle(.spawned(id, pid: running[id]?.process.pid ?? 0))
    }

    private func start(_ id: ChildID, _ spec: ChildSpec, settings: [UInt8]) throws -> RunningChild {
        guard spec.role.speaksControl else {
            return try watch(id, try spec.processToSpawn(control: nil, settings: nil).spawn(), channel: nil)
        }
        // A file of its own for each child: descriptors of one file share its position.
        let file = try FileDescriptor.memory("martlet-settings", containing: settings)
        let pair = try FileDescriptor.socketPair()
        let memory = try RunningBoard.make()
        let board = spec.role == .worker ? try RunningBoard(mapping: memory.raw) : nil
        let process = try spec.processToSpawn(
            control: pair.theirs.raw, settings: file.raw, board: board == nil ? nil : memory.raw
        ).spawn()
        let ours = pair.ours
        return try watch(id, process, channel: ControlChannel(adopting: ours), board: board)
    }

    private func watch(
        _ id: ChildID, _ process: ChildProcess, channel: ControlChannel?, board: RunningBoard? = nil
    ) throws -> RunningChild {
        do {
            return try RunningChild(id, process, channel: channel, board: board, events: events) {
                [unowned self] event in
                if case .exited(let id, _, _, _) = event { running[id] = nil }
                handle(event)
            } shortage: { [unowned self] in
                shortage()
            }
        } catch {
            // Nobody would learn of its end; as a stray it is reaped.
            process.signalGroup(.kill)
            sweepAt = .now()
            throw error
        }
    }

    /// What a child that has just ended ran short of, if it was memory.
    private func shortage() -> MemoryShortage? {
        let now = delegation?.ownShortages ?? 0
        defer { shortages = now }
        return now > shortages ? MemoryShortage(limitBytes: nil, peakBytes: nil) : nil
    }

    // MARK: Strays

    private var known: Set<Int32> { Set(running.values.map(\.process.pid)) }

    func reapStrays() { Strays.reap(knowing: known) }

    private func sweep() {
        // A handler's descendants in one step, however they detached themselves; then whoever was in no cgroup.
        let left = (delegation?.clear() ?? 0) + Strays.kill(knowing: known)
        sweepAt = left > 0 ? MonotonicTime.now().advanced(bySeconds: sweepPause) : .never
        sweepPause = left > 0 ? min(2 * sweepPause, Self.longestSweepSeconds) : Self.sweepSeconds
    }

    /// Ends whatever is still there, known or not. Waits, but not for ever.
    func leaveNothing() {
        for child in running.values {
            child.forget()
            child.signal(.kill)
        }
        running = [:]
        let deadline = MonotonicTime.now().advanced(bySeconds: Self.lastSweepSeconds)
        while (delegation?.clear() ?? 0) + Strays.kill(knowing: []) > 0, MonotonicTime.now() < deadline {
            var pause = timespec(tv_sec: 0, tv_nsec: Int(Self.sweepSeconds * 1e9))
            nanosleep(&pause, nil)
        }
    }

    // MARK: The rest of the world

    private func plan() {
        do {
            handle(.planned(try makePlan()))
        } catch {
            handle(.planFailed(reason: "\(error)"))
        }
    }

    private func notify(_ notice: SupervisorAction.Notice) {
        switch notice {
        case .ready(let status): ServiceNotifier.ready(status: status)
        case .reloading: ServiceNotifier.reloading()
        case .stopping: ServiceNotifier.stopping()
        case .status(let text): ServiceNotifier.status(text)
        case .watchdog: ServiceNotifier.watchdog()
        }
    }
}
