import Configuration
import JobModel
import Logging
import Platform

/// One job in a process of its own.
///
/// The process ends the run, not the end of its pipes: a grandchild may hold those for hours.
final class SpawnRun: RunKeeper, HandlerProcessOwner, EventSink {
    private let run: Run
    private let handler: Handler
    private let host: HandlerHost
    private var process: HandlerProcess?
    private var input: FileDescriptor?
    private var answers: FileDescriptor?
    private var feed = Feed()
    private var lines = LineSplitter(limit: ServeChannel.longestAnswer)
    /// The one final answer written to descriptor 4.
    private var verdict: Outcome?
    private var fate = Fate.open
    private var timer: TimerID?
    private var isFinished = false
    private var meter: SpawnMeter?

    /// What we have decided about the run, whatever its process says or does from then on.
    private enum Fate {
        case open
        case failed(Failure)
        case interrupted
        case cancelled(Failure)
    }

    init(_ run: Run, of handler: Handler, host: HandlerHost) {
        self.run = run
        self.handler = handler
        self.host = host
    }

    var printingRun: Run? { run }
    var slot: Int? { run.slot }

    /// The whole life of a run begins here; it ends with `RunBoard.finish`.
    func start() {
        let deadline = host.board.begin(slot: run.slot, keeper: self, pid: nil, now: .now())
        let arguments: [String]
        let bytes: ArraySlice<UInt8>?
        do throws(UnfitJob) {
            arguments = try handler.program.arguments(of: run)
            bytes = try handler.program.input(of: run)
        } catch {
            return finish(.dead(error.failure))
        }
        let pipes: HandlerPipes
        do throws(SystemError) {
            pipes = try HandlerPipes()
        } catch {
            return fail("\(error)")
        }
        var spec = handler.spec(
            environment: handler.environment.spawning(run, deadlineMilliseconds: deadline),
            descriptors: pipes.descriptors(inputNumber: bytes == nil ? nil : 0))
        spec.arguments += arguments
        input = pipes.input.take()
        if let bytes {
            feed.add {
                $0.append(contentsOf: bytes)
                $0.append(0x0A)
            }
        } else {
            input = nil
        }
        answers = pipes.answers.take()
        // What fits into the pipe is there before the process is, and most payloads need no more feeding.
        writeInput()
        do throws(SystemError) {
            try host.start(handler, spec, pipes) { self.spawned($0, pipes) }
        } catch {
            fail("\(error)")
        }
    }

    private func fail(_ reason: String) {
        switch fate {
        case .interrupted: finish(.interrupted)
        case .cancelled(let failure): finish(.cancelled(failure))
        case .open, .failed: finish(.notStarted(handler.startFailure(reason)))
        }
    }

    private func spawned(_ result: Result<StartedHandler, SpawnError>, _ pipes: HandlerPipes) {
        switch result {
        case .failure(let error):
            fail("\(error)")
        case .success(let started):
            let process = HandlerProcess(
                started, of: handler, jid: run.job.jid, pipes: pipes, owner: self, host: host)
            self.process = process
            host.board.setPID(process.pid, slot: run.slot)
            if host.sampling.takes(at: .now()) { meter = SpawnMeter(of: started) }
            if let raw = input?.raw { host.watch(raw, for: .writable, self) }
            if let raw = answers?.raw { host.watch(raw, for: .readable, self) }
            // Decided while the process was being made.
            if case .open = fate { return }
            kill()
        }
    }

    // MARK: Pipes

    func ready(_ fd: Int32, _ readiness: Readiness) {
        if fd == input?.raw {
            writeInput()
        } else if fd == answers?.raw {
            if readAnswers() == .end { closeAnswers() }
        }
        host.board.deliver()
    }

    /// A process that does not read its input, or ends before it has read it, is within its rights.
    private func writeInput() {
        guard let raw = input?.raw else { return }
        if feed.flush({ input?.write($0) ?? .end }) == .blocked { return }
        host.loop.forget(raw)
        input = nil
    }

    private func readAnswers() -> HandlerHost.ReadStep {
        host.read {
            answers?.read(into: $0) ?? .end
        } _: {
            lines.feed($0) { take($0) }
        }
    }

    func hold(slot: Int, _ isHeld: Bool) {
        if let raw = answers?.raw { host.loop.change(raw, to: isHeld ? [] : .readable) }
    }

    func tell(slot: Int, _ message: IterationMessage) {
        // It cannot ask.
    }

    private func closeAnswers() {
        if let raw = answers?.raw { host.loop.forget(raw) }
        lines.flush { take($0) }
        answers = nil
    }

    private func take(_ piece: LineSplitter.Piece) {
        // What it says after it broke the protocol, or after we decided, changes nothing.
        if case .failed = fate { return }
        guard !isFinished else { return }
        do throws(ProtocolViolation) {
            switch piece {
            case .line(let line): try take(Answer(parsing: line))
            case .cut: throw ProtocolViolation("wrote a line longer than 1 MiB")
            }
        } catch {
            if case .open = fate { fate = .failed(error.failure) }
            kill()
        }
    }

    /// The run's number may be left out, and whatever stands there is not compared: there is only this run.
    private func take(_ answer: Answer) throws(ProtocolViolation) {
        switch answer {
        case .ready: throw ProtocolViolation("wrote `ready`, which only a process that serves may")
        case .push(_, let jobs): try host.board.push(jobs, slot: run.slot)
        case .chunk(_, let jobs, let checkpoint):
            try host.board.chunk(jobs, checkpoint: checkpoint, slot: run.slot)
        case .progress(_, let percent, let note): host.board.progress(slot: run.slot, percent: percent, note: note)
        case .iterate, .interrupted:
            throw ProtocolViolation(
                "iterates, which takes mode serve or fork: here nobody could tell it where to go on")
        case .final(_, let outcome):
            guard verdict == nil else { throw ProtocolViolation("wrote two verdicts for one job") }
            verdict = outcome
        }
    }

    // MARK: The end

    func timeOut(slot: Int, with failure: Failure) {
        guard case .open = fate else { return }
        fate = .failed(failure)
        end(grace: handler.settings.grace)
    }

    func interrupt(slot: Int, grace: Double) {
        if case .open = fate { fate = .interrupted }
        end(grace: min(grace, handler.settings.grace))
    }

    /// It has no way to be told but a signal.
    func cancel(slot: Int, with failure: Failure) {
        guard case .open = fate else { return }
        fate = .cancelled(failure)
        end(grace: handler.settings.grace)
    }

    private func end(grace: Double) {
        // Until it is spawned there is nobody to ask; it is killed as soon as it is.
        guard let process else { return }
        process.terminate()
        stand(.ending)
        after(grace) { $0.kill() }
    }

    private func kill() {
        process?.kill()
        stand(.killed)
        after(host.isStopping ? HandlerProcess.secondsToDieAtStop : HandlerProcess.secondsToDie) { $0.writeOff() }
    }

    /// Nothing is said of a slot that is somebody else's by now.
    private func stand(_ standing: RunStanding) {
        if !isFinished { host.board.setStanding(standing, slot: run.slot) }
    }

    /// The kernel holds the process. The run is as good as over; the slot is not free before the process is gone, or a dead
    /// file server would take every slot's processes, and then those of the machine.
    private func writeOff() {
        guard let process, !isFinished else { return }
        process.giveUp()
        isFinished = true
        host.board.finish(
            slot: run.slot, outcome(of: HandlerProcess.writtenOff, lastLines: ""), now: .now(), stuck: process.pid)
    }

    /// One timer: each step of the end replaces the one before.
    private func after(_ seconds: Double, _ step: @escaping (SpawnRun) -> Void) {
        if let timer { host.loop.cancel(timer) }
        timer = host.loop.at(MonotonicTime.now().advanced(bySeconds: seconds)) { [weak self] in
            guard let self else { return }
            step(self)
            host.board.deliver()
        }
    }

    func printed(_ count: Int) { meter?.printedBytes += count }

    func processEnds() { meter?.processEnds() }

    func processEnded(_ report: ExitReport, lastLines: String, _ circumstances: Circumstances) {
        if let timer { host.loop.cancel(timer) }
        if let raw = input?.raw { host.loop.forget(raw) }
        input = nil
        var reads = 0
        while reads < ServeChannel.lastReads, readAnswers() == .some { reads += 1 }
        closeAnswers()
        if !isFinished { finish(outcome(of: report, lastLines: lastLines, circumstances), report) }
    }

    private func outcome(
        of report: ExitReport, lastLines: String, _ circumstances: Circumstances = Circumstances()
    ) -> Outcome {
        switch fate {
        case .open:
            return ExitMeaning.outcome(
                of: report, verdict: verdict, lastLines: lastLines, circumstances, by: handler.program.meanings)
        case .failed(let failure):
            return .failed(failure)
        case .interrupted: return isSaidDone(report) ? .succeeded : .interrupted
        case .cancelled(let failure): return isSaidDone(report) ? .succeeded : .cancelled(failure)
        }
    }

    /// It said so itself and ended well: then it need not run again. A status of 0 alone may be how it answers SIGTERM.
    private func isSaidDone(_ report: ExitReport) -> Bool {
        guard verdict == .succeeded, case .exited(let status) = report.status else { return false }
        return handler.program.meanings[status] == .done
    }

    private func finish(_ outcome: Outcome, _ report: ExitReport? = nil) {
        isFinished = true
        let now = MonotonicTime.now()
        let cost = report.flatMap { meter?.cost($0, at: now) }
        host.board.finish(slot: run.slot, outcome, now: now, cost: cost)
    }
}
