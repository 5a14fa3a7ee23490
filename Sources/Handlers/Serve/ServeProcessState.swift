import JobModel
import Platform

/// What a serve process may do next and what follows from what it did: one handler process as a pure state machine.
///
/// Runs are known by their numbers. Whoever performs the actions feeds the events, in the order they happened.
struct ServeProcessState {
    struct Running {
        let number: Int
        /// Decided by us: what it comes to, whatever the process still says.
        var fate: Outcome?
        /// It has asked where to go on.
        var isIterating = false
    }

    let limits: Limits
    private(set) var phase = Phase.starting
    private(set) var running: [Running] = []
    /// Over, and not reported before the read has ended: a second answer in the same read takes the first one back.
    private var answered: [(number: Int, outcome: Outcome)] = []
    /// Runs it was ever given.
    private(set) var runsTaken = 0
    /// To be replaced: it goes on until somebody is there to take its place.
    private(set) var isDue = false
    private var cause = Cause.itself
    private var wasOpen = false

    init(_ limits: Limits) { self.limits = limits }

    var hasRoom: Bool { phase == .open && running.count < limits.threads }
    var runningCount: Int { running.count }
    /// Its end would be its own doing.
    var isWanted: Bool { [.starting, .open, .hungUp].contains(phase) || (phase == .retiring && !running.isEmpty) }
    var iterating: [Int] { running.filter(\.isIterating).map(\.number) }
    /// The one run it has, if it has exactly one.
    var onlyRun: Int? { running.count == 1 ? running[0].number : nil }

    mutating func handle(_ event: Event, into actions: inout [Action]) {
        switch event {
        case .spawned: spawned(&actions)
        case .assigned(let number): assign(number, &actions)
        case .answered(let answer): take(answer, &actions)
        case .violated(let violation): violate(violation, &actions)
        case .readEnded: endRead(&actions)
        case .timedOut(let number, let failure, let job): timeOut(number, failure, job, &actions)
        case .interrupted(let number, let grace): interrupt(number, grace, &actions)
        case .cancelled(let number, let failure): cancel(number, failure, &actions)
        case .overdue(let why): becomeDue(why, &actions)
        case .retired: retire(&actions)
        case .stopped(let grace): stop(grace, &actions)
        case .hungUp: hangUp(&actions)
        case .undelivered(let numbers): giveBack(numbers, &actions)
        case .timerFired: timerFired(&actions)
        case .spawnFailed(let reason): spawnFailed(reason, &actions)
        case .exited(let report, let lastLines, let circumstances): exit(report, lastLines, circumstances, &actions)
        }
    }

    // MARK: Its life

    private mutating func spawned(_ actions: inout [Action]) {
        if phase == .starting {
            actions.append(.setTimer(seconds: limits.startSeconds))
        } else {
            kill(&actions)  // It was stopped while it was being made.
        }
    }

    private mutating func spawnFailed(_ reason: String, _ actions: inout [Action]) {
        if phase == .starting { actions.append(.startFailed(reason)) }
        phase = .ended
        actions.append(.ended)
    }

    private mutating func assign(_ number: Int, _ actions: inout [Action]) {
        precondition(hasRoom, "a run is only given to a process with room")
        running.append(Running(number: number))
        runsTaken += 1
        guard let maximum = limits.maximumRuns, runsTaken >= maximum else { return }
        if maximum == 1 { retire(&actions) } else { becomeDue(.jobs(runsTaken), &actions) }
    }

    private mutating func becomeDue(_ why: Recycling, _ actions: inout [Action]) {
        guard phase == .open, !isDue else { return }
        isDue = true
        actions.append(.due(why))
    }

    private mutating func take(_ answer: Answer, _ actions: inout [Action]) {
        guard phase != .killed, phase != .stuck, phase != .ended else { return }
        switch answer {
        case .ready where phase == .starting:
            phase = .open
            wasOpen = true
            actions += [.cancelTimer, .becameReady]
        case .ready where !wasOpen:
            break  // Too late: it is being ended.
        case .ready:
            violate(ProtocolViolation("said `ready` twice"), &actions)
        case .final(let number, let outcome):
            conclude(number, outcome, &actions)
        case .push(let number, let jobs):
            if let number = known(number, &actions) { actions.append(.push(number, jobs)) }
        case .chunk(let number, let jobs, let checkpoint):
            if let number = known(number, &actions) {
                actions.append(.chunk(number, jobs, checkpoint: checkpoint))
            }
        case .progress(let number, let percent, let note):
            if let number = known(number, &actions) {
                actions.append(.progress(number, percent: percent, note: note))
            }
        case .iterate(let number, let cursor): iterate(number, cursor, &actions)
        case .interrupted(let number, let cursor): suspend(number, cursor, &actions)
        }
    }

    mutating func begin(_ number: Int) {
        guard let index = running.firstIndex(where: { $0.number == number }) else { return }
        running[index].isIterating = true
    }

    /// The number, if it is a run that goes on here.
    mutating func known(_ number: Int?, _ actions: inout [Action]) -> Int? {
        guard let number else {
            violate(ProtocolViolation("left out the run's number, which a process that serves must not"), &actions)
            return nil
        }
        if running.contains(where: { $0.number == number }) { return number }
        violate(ProtocolViolation("answered run \(number), which it is not running"), &actions)
        return nil
    }

    mutating func conclude(_ number: Int?, _ outcome: Outcome, _ actions: inout [Action]) {
        if let index = answered.firstIndex(where: { $0.number == number }) {
            let violation = ProtocolViolation("answered run \(answered[index].number) twice")
            answered[index].outcome = .failed(violation.failure)
            violate(violation, &actions)
        } else if let number = known(number, &actions), let index = running.firstIndex(where: { $0.number == number }) {
            answered.append((number, Self.merge(running.remove(at: index).fate, outcome)))
        }
    }

    /// A run that we interrupted or cancelled can still succeed, if its handler says so, but not fail: the fault would be ours.
    private static func merge(_ fate: Outcome?, _ said: Outcome) -> Outcome {
        switch fate {
        case nil: said
        case .interrupted, .cancelled: said == .succeeded ? said : fate ?? said
        case let fate?: fate
        }
    }

    private mutating func endRead(_ actions: inout [Action]) {
        finishAnswered(&actions)
        if phase == .retiring, running.isEmpty { leave(&actions) }
    }

    // MARK: Its end

    private mutating func retire(_ actions: inout [Action]) {
        guard phase == .open else { return }
        phase = .retiring
        actions += [.closed, .sendQuiet]
        if running.isEmpty, answered.isEmpty { leave(&actions) }
    }

    private mutating func leave(_ actions: inout [Action]) {
        phase = .leaving
        actions += [.closeInput, .setTimer(seconds: limits.graceSeconds)]
    }

    mutating func violate(_ violation: ProtocolViolation, _ actions: inout [Action]) {
        guard phase != .killed, phase != .stuck, phase != .ended else { return }
        cause = .violation(violation)
        actions.append(.report(violation))
        for index in running.indices where running[index].fate == nil {
            running[index].fate = .failed(violation.failure)
        }
        kill(&actions)
    }

    private mutating func timeOut(_ number: Int, _ failure: Failure, _ job: String, _ actions: inout [Action]) {
        setFate(.failed(failure), of: number)
        if case .itself = cause { cause = .timeout("\(job), which \(failure.message)") }
        terminate(grace: limits.graceSeconds, &actions)
    }

    /// A signal reaches the process and no single run, so what else it runs is interrupted with it.
    private mutating func interrupt(_ number: Int, _ grace: Double, _ actions: inout [Action]) {
        for run in running { setFate(.interrupted, of: run.number) }
        terminate(grace: min(grace, limits.graceSeconds), &actions)
    }

    private mutating func stop(_ grace: Double, _ actions: inout [Action]) {
        for run in running { setFate(.interrupted, of: run.number) }
        cause = .stop
        switch phase {
        case .terminating: actions.append(.setTimer(seconds: grace))
        case .killed: actions.append(.setTimer(seconds: HandlerProcess.secondsToDieAtStop))
        default: terminate(grace: grace, &actions)
        }
    }

    mutating func setFate(_ fate: Outcome, of number: Int) {
        guard let index = running.firstIndex(where: { $0.number == number }) else { return }
        if running[index].fate == nil { running[index].fate = fate }
    }

    private mutating func terminate(grace: Double, _ actions: inout [Action]) {
        switch phase {
        case .terminating, .killed, .stuck, .ended: return
        case .open: actions.append(.closed)
        case .starting, .retiring, .leaving, .hungUp: break
        }
        phase = .terminating
        actions += [.closeInput, .terminate, .setTimer(seconds: grace)]
    }

    private mutating func kill(_ actions: inout [Action]) {
        if phase == .open { actions.append(.closed) }
        phase = .killed
        let seconds = cause == .stop ? HandlerProcess.secondsToDieAtStop : HandlerProcess.secondsToDie
        actions += [.kill, .setTimer(seconds: seconds)]
    }

    private mutating func hangUp(_ actions: inout [Action]) {
        switch phase {
        case .starting, .open, .retiring:
            if phase == .open { actions.append(.closed) }
            phase = .hungUp
            // 1 s: the end of a process closes its pipes a moment before it can be seen.
            actions.append(.setTimer(seconds: 1))
        case .leaving, .hungUp, .terminating, .killed, .stuck, .ended: break
        }
    }

    private mutating func giveBack(_ numbers: [Int], _ actions: inout [Action]) {
        for number in numbers {
            guard let index = running.firstIndex(where: { $0.number == number && $0.fate == nil }) else { continue }
            running.remove(at: index)
            actions.append(.giveBack(number))
        }
    }

    private mutating func timerFired(_ actions: inout [Action]) {
        switch phase {
        case .starting:
            cause = .startLimit
            terminate(grace: limits.graceSeconds, &actions)
        case .leaving: terminate(grace: limits.graceSeconds, &actions)
        case .hungUp:
            violate(ProtocolViolation("closed descriptor 4 and went on"), &actions)
        case .terminating: kill(&actions)
        case .killed:
            phase = .stuck
            for run in running {
                let outcome = run.fate ?? cause.outcome(HandlerProcess.writtenOff, lastLines: "")
                actions.append(.writeOff(run.number, outcome))
            }
            running.removeAll()
            failStart(HandlerProcess.writtenOff.status, "", &actions)
            actions.append(.stuck)
        case .open, .retiring, .stuck, .ended: break
        }
    }

    private mutating func exit(
        _ report: ExitReport, _ lastLines: String, _ circumstances: Circumstances, _ actions: inout [Action]
    ) {
        if phase == .open { actions.append(.closed) }
        finishAnswered(&actions)
        for run in running {
            let outcome =
                run.fate ?? cause.outcome(report, lastLines: lastLines, circumstances, run: run.number)
            actions.append(.finish(run.number, outcome))
        }
        running.removeAll()
        if phase != .stuck { failStart(report.status, lastLines, &actions) }
        phase = .ended
        actions += [.cancelTimer, .ended]
    }

    private func failStart(_ status: ExitStatus, _ lastLines: String, _ actions: inout [Action]) {
        guard !wasOpen, let reason = cause.startFailure(status, lastLines: lastLines, limits) else { return }
        actions.append(.startFailed(reason))
    }

    private mutating func finishAnswered(_ actions: inout [Action]) {
        for run in answered { actions.append(.finish(run.number, run.outcome)) }
        answered.removeAll(keepingCapacity: true)
    }
}
