package import Configuration
package import Logging
package import Platform
package import Redis

/// A worker process from start to end: what `martlet worker` does.
package struct WorkerProcess {
    private let settings: Settings
    private let endpoint: Redis.RedisEndpoint
    private let index: Int
    private let control: ControlChannel
    private let board: RunningBoard?
    private let version: String
    private let log: Logger

    /// - Parameters:
    ///   - index: which of the workers of this host it is, from 0.
    ///   - control: the way to the supervisor; its end is the supervisor's end.
    ///   - board: where it writes down what runs, for whoever finds it dead; nil if nobody looks.
    ///   - version: of this build, for the process record.
    package init(
        settings: Settings, endpoint: Redis.RedisEndpoint, index: Int, control: ControlChannel, board: RunningBoard?,
        version: String, log: Logger
    ) {
        self.settings = settings
        self.endpoint = endpoint
        self.index = index
        self.control = control
        self.board = board
        self.version = version
        self.log = log
    }

    /// Works until told to stop; blocks. The calling thread becomes the first of the pool.
    ///
    /// - Returns: the exit status: 0 after a stop, 78 if Redis is not fit for jobs, 70 or 71 for faults.
    package func run() -> Int32 {
        do throws(SystemError) {
            let signals = try SignalDescriptor(blocking: WorkerSignals.all)
            SignalDescriptor.ignoreBrokenPipes()
            // What handlers leave behind comes to us, so that it can be found and ended.
            try ProcessTree.becomeSubreaper()
            let plan = WorkerPlan(
                settings, endpoint: endpoint, index: index, version: version, openFilesLimit: OpenFiles.raise(),
                controlGroup: try controlGroup())
            return try WorkerLoop(plan, signals: signals, control: control, board: board, log: log).run()
        } catch {
            log.critical("a worker cannot start", metadata: ["reason": "\(error)"])
            return 71  // EX_OSERR
        }
    }

    /// In which handler processes get cgroups of their own, if there is one.
    ///
    /// - Throws: what is in the way, where handlers have limits that would not hold otherwise.
    private func controlGroup() throws(SystemError) -> ControlGroup? {
        do throws(SystemError) {
            return try Delegation.settled()?.forWorker()
        } catch {
            let isNeeded = settings.handlers.contains { $0.limits.needsControlGroup }
            guard !isNeeded else { throw error }
            log.warning("handlers get no cgroups of their own", metadata: ["reason": "\(error)"])
            return nil
        }
    }
}
