import Configuration
import Glibc
import JobModel
import Logging
import Platform

/// One process that has loaded the handler's program and forks the processes that do the jobs: docs/reference/fork-protocol.md.
///
/// Only the leader touches it.
final class Preloader: EventSink, HandlerProcessOwner {
    enum Phase: Equatable {
        /// It loads its program.
        case starting
        case ready
        /// It was told to end; those it has forked go on.
        case leaving
        case killed
        /// SIGKILL has had no effect: the kernel holds it.
        case stuck
        case ended
    }

    /// A fork takes milliseconds and a reap less; longer than this no machine is busy.
    static let secondsToAnswer = 5.0
    /// What one turn of the loop reads of it, so that others have theirs.
    private static let messagesPerTurn = 64
    /// What is read of it at its end.
    private static let lastMessages = 256
    /// Where a program of another mode was put into this one.
    static let hint = "only programs that speak the fork protocol can, as those with the kit for Python or Ruby do"

    private(set) var phase = Phase.starting
    /// When it became ready.
    private(set) var since = MonotonicTime.now()
    /// Of the program it has loaded, as its source counts them.
    var generation = 0
    let handler: Handler
    let host: HandlerHost
    private unowned let source: ForkSource
    private var socket: ForkSocket?
    private var process: HandlerProcess?
    private var timer: TimerID?
    private var answerTimer: TimerID?
    var ledger = ForkLedger()
    private var surplus = ForkSurplus()
    /// Why it is being ended, if it is its own fault.
    private var fault: String?

    init(_ handler: Handler, source: ForkSource, host: HandlerHost) {
        self.handler = handler
        self.source = source
        self.host = host
    }

    var pid: Int32? { process?.pid }
    var privateDirectory: PrivateDirectory? { process?.privateDirectory }
    /// Forked by it, and not reaped yet.
    var childCount: Int { ledger.childCount }
    var printingRun: Run? { nil }
    var slot: Int? { nil }
    func printed(_ count: Int) {}

    // MARK: Its life

    func start() {
        do throws(SystemError) {
            let pipes = try HandlerPipes()
            let socket = try ForkSocket(host: host)
            self.socket = socket
            let spec = handler.spec(
                environment: handler.environment.preloading,
                descriptors: pipes.descriptors(inputNumber: 0).filter { [1, 2].contains($0.child) }
                    + [(child: 3, parent: socket.theirNumber)])
            try host.start(handler, spec, pipes) { self.spawned($0, pipes) }
        } catch {
            ended("\(error)")
        }
    }

    private func spawned(_ result: Result<StartedHandler, SpawnError>, _ pipes: HandlerPipes) {
        socket?.closeTheirEnd()
        switch result {
        case .failure(let error): ended("\(error)")
        case .success(let started):
            process = HandlerProcess(started, of: handler, jid: nil, pipes: pipes, owner: self, host: host)
            socket?.watch(for: self)
            guard phase == .starting else { return kill() }
            after(handler.settings.startTimeout) { preloader in
                preloader.fail("was not ready within \(Handler.text(seconds: preloader.handler.settings.startTimeout))")
            }
        }
    }

    /// It ends at once, whatever it does; what it has forked goes on.
    func leave(grace: Double) {
        switch phase {
        case .ready:
            phase = .leaving
            // Behind what it was asked before, so that it is done.
            socket?.send(ForkMessage.quiet)
            // It has nothing to wait for.
            after(min(grace, Self.secondsToAnswer)) { $0.kill() }
        case .starting:
            phase = .leaving
            if process != nil { kill() }
        case .leaving, .killed, .stuck, .ended: break
        }
    }

    private func kill() {
        phase = .killed
        process?.kill(sparingDescendants: true)
        after(host.isStopping ? HandlerProcess.secondsToDieAtStop : HandlerProcess.secondsToDie) { preloader in
            preloader.phase = .stuck
            preloader.process?.giveUp()
            preloader.giveUpRequests("it was killed and does not end")
            preloader.source.ended(preloader, "the kernel holds it")
        }
    }

    /// It did what it must not.
    private func fail(_ reason: String) {
        guard [.starting, .ready, .leaving].contains(phase) else { return }
        fault = reason
        log("a handler's preloader is killed: it \(reason)", .warning)
        kill()
    }

    // MARK: What it is asked

    /// - Precondition: it is ready.
    func fork(_ pipes: HandlerPipes, then completion: @escaping (Result<StartedHandler, NoStart>) -> Void) {
        let number = ledger.add(
            ForkLedger.Fork(pipes: pipes, ticket: host.adopted.willSpawn(), since: .now(), completion: completion))
        socket?.send(ForkMessage.fork(number), passing: pipes)
        watchAnswers()
    }

    /// Has a child reaped that has ended.
    ///
    /// - Parameter completion: its status; nil if it is our own child by now.
    func reap(_ pid: Int32, then completion: @escaping (ExitStatus?) -> Void) {
        guard phase != .ended, phase != .stuck else { return completion(nil) }
        ledger.addReap(of: pid, at: .now(), completion)
        // One that leaves reads nothing more: its end hands its children to us.
        guard phase == .ready else { return }
        socket?.send(ForkMessage.reap(pid))
        watchAnswers()
    }

    /// One timer for all: it looks at the oldest.
    private func watchAnswers() {
        guard answerTimer == nil, let oldest = ledger.oldest else { return }
        answerTimer = host.loop.at(oldest.advanced(bySeconds: Self.secondsToAnswer)) { [weak self] in
            guard let self else { return }
            answerTimer = nil
            if let oldest = ledger.oldest, MonotonicTime.now().seconds(since: oldest) >= Self.secondsToAnswer {
                fail("did not answer within \(Handler.text(seconds: Self.secondsToAnswer))")
            } else {
                watchAnswers()
            }
            host.board.deliver()
        }
    }

    // MARK: What it says

    func ready(_ fd: Int32, _ readiness: Readiness) {
        if readiness.contains(.writable) { socket?.flush() }
        readMessages()
        host.board.deliver()
    }

    private func readMessages(isLast: Bool = false) {
        var isClosed = false
        // The rest is told of at the next turn.
        for _ in 0..<(isLast ? Self.lastMessages : Self.messagesPerTurn) {
            guard let message = socket?.receive(end: { isClosed = true }) else { break }
            do throws(ProtocolViolation) {
                let message = try ForkMessage(parsing: message)
                guard let message, try take(message, isLast: isLast) else {
                    try surplus.add(at: .now())
                    continue
                }
            } catch {
                fail(error.reason)
            }
        }
        guard isClosed, !isLast else { return }
        socket?.close()
        // The end of a process closes its socket a moment before it can be seen.
        if phase == .ready || phase == .starting { after(1) { $0.fail("closed its control socket and went on") } }
    }

    /// - Returns: false if nobody waited for it.
    private func take(_ message: ForkMessage, isLast: Bool) throws(ProtocolViolation) -> Bool {
        switch message {
        case .ready:
            guard phase == .starting else { return false }
            phase = .ready
            since = .now()
            cancelTimer()
            source.becameReady(self)
        case .forked(let number, let pid):
            guard let fork = ledger.fork(number) else {
                throw ProtocolViolation("answered fork \(number), which it was not asked for")
            }
            let child = try child(pid, of: fork, isLast: isLast)
            _ = ledger.close(number)
            begin(child, fork)
        case .failed(let number, let message):
            guard let fork = ledger.close(number) else { return false }
            refuse(fork, "it could not be forked: \(message)")
        case .reaped(let pid, let status):
            guard let completion = ledger.reaped(pid) else { return false }
            completion(status ?? .lost)
        }
        return true
    }

    // MARK: Its end

    /// What it said last is read before anything of its is killed: those it has forked are known then.
    func processEnds() { readMessages(isLast: true) }

    func processEnded(_ report: ExitReport, lastLines: String, _ circumstances: Circumstances) {
        let words = ExitMeaning.words(for: report.status, circumstances)
        let how = fault ?? (phase == .starting ? "ended: \(words); \(Self.hint)" : "ended: \(words)")
        ended(lastLines.isEmpty ? how : "\(how)\n\(lastLines)")
    }

    private func ended(_ reason: String) {
        let wasStuck = phase == .stuck
        phase = .ended
        cancelTimer()
        if let answerTimer { host.loop.cancel(answerTimer) }
        giveUpRequests(reason)
        socket?.close()
        if !wasStuck { source.ended(self, reason) }
    }

    private func giveUpRequests(_ reason: String) {
        let lost = ledger.takeAll()
        for fork in lost.forks {
            // It may have forked it and not said so.
            if let output = fork.pipes.stdout?.raw {
                host.adopted.killLeftovers { [handler] in
                    AdoptedProcesses.Mark(
                        leader: -1, output: ProcessFile.inode(of: output), jid: nil, handler: handler.settings.name,
                        slot: nil)
                }
            }
            refuse(fork, "its preloader \(reason)")
        }
        for reap in lost.reaps { reap(nil) }
    }

    private func after(_ seconds: Double, _ step: @escaping (Preloader) -> Void) {
        cancelTimer()
        timer = host.loop.at(MonotonicTime.now().advanced(bySeconds: seconds)) { [self] in
            timer = nil
            step(self)
            host.board.deliver()
        }
    }

    private func cancelTimer() {
        if let timer { host.loop.cancel(timer) }
        timer = nil
    }

    func log(_ text: String, _ level: Logger.Level) {
        host.log.log(
            level: level, "\(text)",
            metadata: ["handler": "\(handler.settings.name)", "handler_pid": .stringConvertible(pid ?? 0)])
    }
}
