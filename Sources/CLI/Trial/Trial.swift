import Configuration
import Handlers
import JobModel
import Logging
import Platform
import Worker

/// One job, done by its handler as a worker would have it done, but without Redis. Blocks; for one thread.
final class Trial: EventSink {
    /// What happens while the job runs, as it happens.
    enum Event {
        case output(HandlerOutput)
        case progress(percent: Double?, note: String?)
        case chunk(Chunk)
        /// It iterates, and has come to this element.
        case cursor([UInt8])
    }

    struct Chunk {
        let jobs: [[UInt8]]
        /// Nil of children that a run pushes while it iterates.
        let checkpoint: [UInt8]?
    }

    /// How it ended.
    struct End {
        let report: DispatchReport
        let result: RunResult
        let verdict: Verdict
        /// Until a process was ready to be given the job, in seconds; nil for a process that is made for it.
        let readySeconds: Double?
        /// The signal that asked us to end; the run may have ended otherwise before.
        let signal: Signal?
    }

    private let settings: Settings
    private let loop: EventLoop
    private let signals: SignalDescriptor
    private let tell: (Event) -> Void
    private var dispatcher: Dispatcher!
    private var report: DispatchReport?
    private var signal: Signal?
    /// Where the run goes on if it iterates.
    private var iteration = IterationState()
    private var isIterating = false

    /// Between SIGTERM and SIGKILL for a handler that is ended with us, in seconds; as when a worker stops.
    private static let graceSeconds = 1.0
    /// A process that the kernel holds is not waited for.
    private static let patienceSeconds = 5.0

    /// - Parameters:
    ///   - settings: with the one handler that is to do the job.
    ///   - tell: called while the job runs.
    init(_ settings: Settings, log: Logger, tell: @escaping (Event) -> Void) throws(SystemError) {
        self.settings = settings
        self.tell = tell
        signals = try SignalDescriptor(blocking: [.interrupt, .terminate])
        SignalDescriptor.ignoreBrokenPipes()
        // What the handler leaves behind is found and ended, as by a worker.
        try ProcessTree.becomeSubreaper()
        loop = try EventLoop()
        dispatcher = Dispatcher(
            settings: settings.handlers, slots: 1, loop: loop,
            spawn: { [loop] spec, completion in
                let result = Result { () throws(SpawnError) in try spec.spawn() }
                _ = loop.at(.now()) { completion(result) }
            }, log: log, output: { tell(.output($0)) }, openFilesLimit: nil, adoptsOrphans: true,
            vmstat: "/proc/vmstat", memory: settings.memory, hostName: ProcessIdentity.hostName,
            progress: { tell(.progress(percent: $0.percent, note: $0.note)) },
            chunk: {
                tell(.chunk(Chunk(jobs: $0.jobs, checkpoint: $0.checkpoint)))
                return nil
            }, iteration: { [unowned self] in iterated($0) }, report: { [unowned self] in report = $0 })
        try loop.watch(signals.raw, for: .readable, self)
    }

    /// - Parameters:
    ///   - queue: the job counts as fetched from it.
    ///   - cursor: where it begins if it iterates; nil for the beginning.
    func run(_ job: Job, queue: QueueName, cursor: [UInt8]?) throws(SystemError) -> End {
        let start = MonotonicTime.now()
        iteration = IterationState(executions: cursor == nil ? 1 : 2, cursor: cursor ?? IterationState.noCursor)
        let now = Timestamp(milliseconds: WallClock.milliseconds())
        dispatcher.start(
            Run(slot: 0, number: 1, job: job, queue: queue, isLast: job.isLastRun(under: policy, now: now)))
        var report = self.report
        while report == nil {
            try loop.turn(upTo: .never)
            report = self.report
        }
        guard let report else { preconditionFailure("the loop above ends with a report") }
        let seconds = MonotonicTime.now().seconds(since: start)
        try stop()
        return end(report, of: job, queue, readySeconds: seconds - report.durationSeconds)
    }

    private var policy: RetryPolicy {
        RetryPolicy(maximumRetries: settings.maximumRetries, poison: settings.poison, sidekiq: settings.sidekiq)
    }

    /// It begins where it is told to; how far it comes is told, and kept nowhere.
    private func iterated(_ report: IterationReport) -> String? {
        if let cursor = report.cursor {
            tell(.cursor(cursor))
        } else {
            isIterating = true
            loop.at(.now()) { [unowned self] in dispatcher.tell(0, .goOn(iteration, cancelledAt: nil)) }
        }
        return nil
    }

    /// What the handler still prints while it ends is told as well.
    private func stop() throws(SystemError) {
        var isStopped = false
        dispatcher.stop(grace: Self.graceSeconds) { isStopped = true }
        let deadline = MonotonicTime.now().advanced(bySeconds: Self.patienceSeconds)
        while !isStopped, MonotonicTime.now() < deadline { try loop.turn(upTo: deadline) }
    }

    private func end(_ report: DispatchReport, of job: Job, _ queue: QueueName, readySeconds: Double) -> End {
        let now = Timestamp(milliseconds: WallClock.milliseconds())
        var random = SystemRandomNumberGenerator()
        let result = RunResult(
            report, of: job, random: &random, now: now, as: settings.sidekiq, limits: settings.payloadLimits)
        let verdict = Verdict.decide(
            result.outcome, for: job, from: queue, under: policy, now: now, chance: 0,
            storedBacktrace: result.storedBacktrace)
        let isMadeForIt = settings.handlers.first?.mode == .spawn
        return End(
            report: report, result: result, verdict: verdict,
            readySeconds: isMadeForIt || report.pid == nil ? nil : max(0, readySeconds), signal: signal)
    }

    /// The first signal ends the run as a stop does, and one that iterates before its next element; the second one at once.
    func ready(_ fd: Int32, _ readiness: Readiness) {
        while let next = signals.next() {
            if isIterating, signal == nil {
                signal = next.signal
                dispatcher.tell(0, .interrupt(cancelledAt: nil))
                continue
            }
            dispatcher.interrupt(0, grace: signal == nil ? Self.graceSeconds : 0)
            signal = next.signal
        }
    }
}
