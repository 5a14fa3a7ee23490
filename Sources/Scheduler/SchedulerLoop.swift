import Glibc
import Logging
import Platform
import Redis

/// Runs each task when it is due, and listens to the supervisor meanwhile.
final class SchedulerLoop: EventSink {
    private let desk: SchedulerDesk
    private let signals: SignalDescriptor
    private let control: ControlChannel
    private let log: Logger
    private let loop: EventLoop
    private var exitStatus: Int32?
    private var wasReady = false

    init(
        _ desk: SchedulerDesk, signals: consuming SignalDescriptor, control: ControlChannel, log: Logger
    ) throws(SystemError) {
        self.desk = desk
        self.signals = signals
        self.control = control
        self.log = log
        loop = try EventLoop()
    }

    func run() throws(SystemError) -> Int32 {
        try loop.watch(signals.raw, for: .readable, self)
        try loop.watch(control.raw, for: .readable, self)
        for task in TaskTable.tasks { perform(task) }
        tellProgress()
        while true {
            if let exitStatus { return exitStatus }
            try loop.turn(upTo: .never)
        }
    }

    private func perform(_ task: PeriodicTask) {
        var seconds = task.interval
        connected { redis throws(RedisError) in seconds = min(seconds, try task.runOnce(desk, redis) ?? seconds) }
        loop.at(.now().advanced(bySeconds: seconds)) { [unowned self] in perform(task) }
    }

    /// Does something with Redis, if it is there.
    private func connected(_ body: (RedisConnection) throws(RedisError) -> Void) {
        guard exitStatus == nil else { return }
        switch desk.access() {
        case .away: return
        case .unfit(let reason):
            log.error("this Redis is not fit for jobs", metadata: ["reason": "\(reason)"])
            guard !wasReady else { return }
            control.send(.refused(exitCode: 78, reason: reason))
            exitStatus = 78  // EX_CONFIG
        case .connected(let redis):
            if !wasReady { control.send(.ready) }
            wasReady = true
            do throws(RedisError) {
                try body(redis)
                desk.succeeded()
            } catch {
                desk.failed(error)
            }
        }
    }

    private func tellProgress() {
        control.send(.progress)
        loop.at(.now().advanced(bySeconds: 1)) { [unowned self] in tellProgress() }
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        fd == control.raw ? readControl() : readSignals()
    }

    private func readSignals() {
        while let (signal, _) = signals.next() {
            switch signal {
            case .terminate, .interrupt: exitStatus = 0
            case .ttin: log.notice("promoting what is due, rescuing every 5 s", metadata: ["redis": "\(desk.summary)"])
            default: break  // Quiet is for workers: due jobs are promoted all the same, for other hosts to fetch.
            }
        }
    }

    private func readControl() {
        while true {
            switch control.receive() {
            case .message(.dead(let identity, let death)):
                desk.dead.append((identity, death))
                connected { redis throws(RedisError) in try RescueOrphans.rescueDeclared(desk, redis) }
            case .message: break
            case .none: return
            case .closed:
                log.error("the supervisor is gone; stopping")
                loop.forget(control.raw)
                exitStatus = 0
                return
            }
        }
    }
}
