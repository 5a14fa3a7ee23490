package import Logging
package import Platform

/// The whole parent process: waits, has `SupervisorState` decide, and has `Supervision` do it.
///
/// One thread, no `async`, no Redis: what must always answer stays simple enough to.
package struct SupervisorLoop {
    /// EX_CONFIG and EX_SOFTWARE of sysexits.h.
    private static let configurationStatus: Int32 = 78
    private static let internalFailureStatus: Int32 = 70

    private let makePlan: () throws -> Plan
    private let delegation: Delegation?
    private let logger: Logger

    /// - Parameters:
    ///   - plan: reads and proves the configuration. Called once at the start, where an error ends the service, and at
    ///     every SIGHUP, where it leaves everything as it is; its description is logged.
    ///   - delegation: the cgroup that was left to this service, settled; nil if none was.
    ///   - log: where to; written from the loop's thread.
    package init(
        plan: @escaping () throws -> Plan, delegation: Delegation? = nil,
        log: Logger = Logger(label: "martlet.supervisor")
    ) {
        makePlan = plan
        self.delegation = delegation
        logger = log
    }

    /// Runs the service to its end. Nothing that it started is left then.
    ///
    /// Call it from the main thread before there is another one: it takes signals by descriptor, which works only if
    /// every thread blocks them.
    /// - Returns: the exit status: 0 after a stop, 78 if the configuration was declined, 71 if a child could not be
    ///   started or 70 if it never became ready, or what else a child declined with; 70 if the loop itself fails.
    package func run() -> Int32 {
        let plan: Plan
        do {
            plan = try makePlan()
        } catch {
            logger.critical("\(error)")
            return Self.configurationStatus
        }
        do {
            let signals = try SignalSink()
            try ProcessTree.becomeSubreaper()
            let events = try EventLoop()
            let supervision = Supervision(
                SupervisorState(plan: plan, watchdogSeconds: ServiceNotifier.watchdogInterval()), events: events,
                makePlan: makePlan, delegation: delegation, logger: logger)
            defer { supervision.leaveNothing() }
            signals.supervision = supervision
            try events.watch(signals.raw, for: .readable, signals)
            return try supervision.run()
        } catch {
            logger.critical("the supervisor cannot go on: \(error)")
            return Self.internalFailureStatus
        }
    }
}

/// Turns signals into what they ask for.
private final class SignalSink: EventSink {
    private let signals: SignalDescriptor
    weak var supervision: Supervision?

    /// Blocks the signals from here on; those that come before there is a supervision wait.
    init() throws(SystemError) { signals = try SignalDescriptor(blocking: SignalTable.taken) }

    var raw: Int32 { signals.raw }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        while let (signal, sender) = signals.next() {
            if let intent = SignalTable.intent(of: signal) {
                supervision?.handle(.asked(intent, by: SignalOrigin.describe(signal, senderPID: sender)))
            } else if signal == .child {
                supervision?.reapStrays()
            }
        }
    }
}
