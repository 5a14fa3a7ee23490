import Configuration
import JobModel
import Logging
import Platform

/// One long-lived handler process: performs what `ServeProcessState` decides, and tells it what happens.
///
/// Only the leader touches it.
final class ServeProcess: EventSink, HandlerProcessOwner, RunKeeper {
    struct Assignment {
        let number: Int
        let slot: Int
        /// Where its line begins in the stream to the handler.
        let offset: Int
    }

    private(set) var state: ServeProcessState
    /// Whether the pool has it in its list of processes with room.
    var isListed = false
    /// The one whose place it takes when it is ready.
    var predecessor: ServeProcess?
    /// Of its program, as its source counts them.
    private(set) var generation = 0
    private var lifetime: ServeLifetime?
    let pool: ServePool
    let handler: Handler
    let host: HandlerHost
    private var process: HandlerProcess?
    /// Nil until it is started.
    private(set) var channel: ServeChannel?
    private(set) var assignments: [Assignment] = []
    /// Slots whose runs have written more than is wanted for now: it is not read while there are any.
    var held: Set<Int> = []
    /// Nil until it is spawned.
    private(set) var meter: RunMeter?
    private var timer: TimerID?
    private var actions: [ServeProcessState.Action] = []
    private var isPerforming = false

    /// - Parameter maximumRuns: it is recycled after so many; nil for never.
    init(_ handler: Handler, maximumRuns: Int?, pool: ServePool, host: HandlerHost) {
        self.handler = handler
        self.pool = pool
        self.host = host
        state = ServeProcessState(
            ServeProcessState.Limits(
                threads: handler.settings.threads, startSeconds: handler.settings.startTimeout,
                graceSeconds: handler.settings.grace, maximumRuns: maximumRuns))
    }

    var pid: Int32? { process?.pid }
    var leadsGroup: Bool { process?.leadsGroup ?? true }

    var slot: Int? { assignments.first?.slot }

    var runCount: Int { assignments.count }

    func run(jid: String) -> Run? {
        assignments.lazy.compactMap { self.host.board.entries[$0.slot]?.run }.first { $0.job.jid == jid }
    }

    var printingRun: Run? {
        guard state.onlyRun != nil, let slot = assignments.first?.slot else { return nil }
        return host.board.entries[slot]?.run
    }

    func start() {
        do throws(SystemError) {
            let pipes = try HandlerPipes()
            channel = try ServeChannel(pipes, host: host)
            generation = pool.source.generation
            try pool.source.start(pipes) { self.started($0, pipes) }
        } catch {
            handle(.spawnFailed("\(error)"))
        }
    }

    private func started(_ result: Result<StartedHandler, NoStart>, _ pipes: HandlerPipes) {
        switch result {
        case .failure(let refusal):
            handle(.spawnFailed(refusal.reason))
        case .success(let started):
            generation = started.generation ?? generation
            process = HandlerProcess(started, of: handler, jid: nil, pipes: pipes, owner: self, host: host)
            meter = RunMeter(of: started, handler: handler.settings, host: host)
            channel?.watchAnswers(for: self)
            handle(.spawned)
        }
    }

    // MARK: Runs

    /// - Precondition: the process has room.
    func assign(_ run: Run, now: MonotonicTime) {
        let deadline = host.board.begin(slot: run.slot, keeper: self, pid: pid, now: now)
        guard let channel else { preconditionFailure("a process with room has been started") }
        assignments.append(Assignment(number: run.number, slot: run.slot, offset: channel.added))
        channel.add {
            RunLine.append(
                run: run.number, attempt: run.job.attempt, isLast: run.isLast, deadlineMilliseconds: deadline,
                checkpoint: run.job.checkpoint, payload: run.job.payload, to: &$0)
        }
        meter?.begin(run, isMeasured: host.sampling.takes(at: now), at: now)
        handle(.assigned(run.number))
        // Runs for several threads of one process come in one turn and travel in one write.
        if handler.settings.threads == 1 { flush() } else { pool.flushSoon(self) }
    }

    func timeOut(slot: Int, with failure: Failure) {
        guard let number = unanswered(in: slot) else { return }
        let jid = host.board.entries[slot]?.run.job.jid ?? "without jid"
        handle(.timedOut(number, failure, job: "job \(jid)"))
    }

    func interrupt(slot: Int, grace: Double) {
        guard let number = unanswered(in: slot) else { return }
        handle(.interrupted(number, grace: grace))
    }

    func retire() { handle(.retired) }
    func stop(grace: Double) { handle(.stopped(grace: grace)) }

    func number(in slot: Int) -> Int? { assignments.first { $0.slot == slot }?.number }

    // MARK: Decisions

    /// Feeds one event and performs what follows. An event that comes from performing waits its turn.
    func handle(_ event: ServeProcessState.Event) {
        state.handle(event, into: &actions)
        guard !isPerforming else { return }
        isPerforming = true
        var next = 0
        while next < actions.count {
            let action = actions[next]
            next += 1
            perform(action)
        }
        actions.removeAll(keepingCapacity: true)
        isPerforming = false
    }

    private func perform(_ action: ServeProcessState.Action) {
        switch action {
        case .becameReady:
            watchLifetime()
            pool.becameReady(self)
        case .due(let why): pool.due(self, why)
        case .finish(let number, let outcome):
            finish(number, outcome)
        case .giveBack(let number):
            meter?.drop(number, at: .now())
            if let slot = remove(number) { pool.takeBack(slot: slot) }
        case .push(let number, let jobs): push(jobs, of: number)
        case .chunk(let number, let jobs, let checkpoint): push(jobs, checkpoint: checkpoint, of: number)
        case .progress(let number, let percent, let note):
            guard let slot = assignments.first(where: { $0.number == number })?.slot else { return }
            host.board.progress(slot: slot, percent: percent, note: note)
        case .iterate(let number, let cursor): iterate(number, cursor: cursor)
        case .sendQuiet: say(RunLine.quiet)
        case .sendCancel(let number): say(RunLine.cancel(number))
        case .closeInput: channel?.closeInput()
        case .report(let violation):
            log("a handler's process broke the protocol and is killed: it \(violation.reason)", .warning)
        case .terminate:
            process?.terminate()
            stand(.ending)
        case .kill:
            process?.kill()
            stand(.killed)
        case .setTimer(let seconds): setTimer(seconds)
        case .cancelTimer: cancelTimer()
        case .startFailed(let reason): pool.startFailed(reason, of: self)
        case .closed:
            lifetime?.cancel()
            pool.closed(self)
        case .writeOff(let number, let outcome):
            meter?.drop(number, at: .now())
            guard let slot = remove(number) else { return }
            host.board.finish(slot: slot, outcome, now: .now(), stuck: pid)
        case .stuck:
            process?.giveUp()
            pool.stuck(self)
        case .ended: pool.ended(self)
        }
    }

    private func watchLifetime() {
        guard handler.settings.maxAge != nil || handler.settings.idleTimeout != nil else { return }
        lifetime = ServeLifetime(handler.settings, loop: host.loop, chance: host.chance()) { [unowned self] in
            (state.runsTaken, state.runningCount)
        } end: { [unowned self] end in
            switch end {
            case .old(let seconds): handle(.overdue(.age(seconds)))
            case .idle: pool.isIdle(self)
            }
            host.board.deliver()
        }
    }

    private func stand(_ standing: RunStanding) {
        for assignment in assignments { host.board.setStanding(standing, slot: assignment.slot) }
    }

    func log(_ text: String, _ level: Logger.Level) {
        host.log.log(
            level: level, "\(text)",
            metadata: ["handler": "\(handler.settings.name)", "handler_pid": .stringConvertible(pid ?? 0)])
    }

    private func finish(_ number: Int, _ outcome: Outcome) {
        let now = MonotonicTime.now()
        guard let slot = remove(number) else { return }
        let cost = meter?.end(number, at: now) { [board = host.board] in board.entries[slot]?.run }
        host.board.finish(slot: slot, outcome, now: now, cost: cost)
    }

    private func remove(_ number: Int) -> Int? {
        guard let index = assignments.firstIndex(where: { $0.number == number }) else { return nil }
        process?.runEnded(number)
        let slot = assignments.remove(at: index).slot
        if !held.isEmpty { hold(slot: slot, false) }
        return slot
    }

    private func setTimer(_ seconds: Double) {
        cancelTimer()
        timer = host.loop.at(MonotonicTime.now().advanced(bySeconds: seconds)) { [self] in
            timer = nil
            handle(.timerFired)
            host.board.deliver()
        }
    }

    private func cancelTimer() {
        if let timer { host.loop.cancel(timer) }
        timer = nil
    }
}
