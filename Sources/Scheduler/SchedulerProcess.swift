package import Configuration
import Glibc
package import Logging
package import Platform
import Queueing
package import Redis

/// The scheduler process from start to end: what `martlet scheduler` does. One thread.
package struct SchedulerProcess {
    private let settings: Settings
    private let endpoint: Redis.RedisEndpoint
    private let control: ControlChannel
    private let log: Logger

    package init(settings: Settings, endpoint: Redis.RedisEndpoint, control: ControlChannel, log: Logger) {
        self.settings = settings
        self.endpoint = endpoint
        self.control = control
        self.log = log
    }

    /// Works until told to stop, or until the supervisor is gone; blocks.
    ///
    /// - Returns: the exit status: 0 after a stop, 78 if Redis is not fit for jobs, 71 for faults of the system.
    package func run() -> Int32 {
        do throws(SystemError) {
            let signals = try SignalDescriptor(blocking: [
                .terminate, .interrupt, .hangup, .user1, .stopTerminal, .ttin,
            ])
            SignalDescriptor.ignoreBrokenPipes()
            let desk = SchedulerDesk(
                endpoint: endpoint,
                deadLimits: DeadLimits(jobs: settings.deadMaximumJobs, seconds: Int(settings.deadTimeout)),
                poison: settings.poison, payloadLimits: settings.payloadLimits, sidekiq: settings.sidekiq,
                watch: QueueWatch(settings, supervisor: getppid()) { [control] in control.send(.workers($0)) }, log: log
            )
            return try SchedulerLoop(desk, signals: signals, control: control, log: log).run()
        } catch {
            log.critical("the scheduler cannot start", metadata: ["reason": "\(error)"])
            return 71  // EX_OSERR
        }
    }
}
