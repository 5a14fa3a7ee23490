import Configuration
import Logging
import Platform

/// The cgroups of a worker's handler processes, one for each process: what it may use, who belongs to it, and whether it
/// ran out of memory.
///
/// Where nothing was delegated to us there are none, and processes are known by their group and their parents alone. Only
/// the leader touches it.
final class HandlerGroups {
    /// Between two looks at whether those that were killed are gone, in seconds.
    private static let lookSeconds = 0.05

    private let parent: ControlGroup?
    private let loop: EventLoop
    private let log: Logger
    private var complaints = Complaints()
    private var next = 1
    /// To be used again, by handler: making and removing one costs more than a process in it.
    private var idle: [String: [HandlerGroup]] = [:]
    /// Somebody still lives in them.
    private var leaving: [HandlerGroup] = []
    private var isTimerSet = false

    /// - Parameter parent: in which they are made; nil for none.
    init(in parent: ControlGroup?, loop: EventLoop, log: Logger) {
        self.parent = parent
        self.loop = loop
        self.log = log
    }

    /// A cgroup for one process of the handler, its limits set; nil if there are none.
    ///
    /// - Throws: why the handler's limits cannot be set. Without limits a process that gets no cgroup starts nevertheless.
    func take(for settings: HandlerSettings) throws(SystemError) -> HandlerGroup? {
        guard let parent else { return nil }
        if let group = idle[settings.name]?.popLast() {
            group.beginAnew()
            return group
        }
        do throws(SystemError) {
            let control = try parent.child("\(settings.name)-\(next)")
            next += 1
            return try HandlerGroup(control, settings)
        } catch {
            // What cannot be limited here at all was said at the start.
            guard !settings.limits.needsControlGroup else { throw error }
            if complaints.shouldSay(settings.name, "\(error)", now: .now()) {
                log.warning(
                    "a handler's process gets no cgroup of its own",
                    metadata: ["handler": "\(settings.name)", "reason": "\(error)"])
            }
            return nil
        }
    }

    /// Its process has ended, or was never made. Whoever is left in it is killed.
    func giveBack(_ group: HandlerGroup) {
        if group.control.isPopulated {
            group.control.kill()
            leaving.append(group)
            setTimer()
        } else {
            settle(group)
        }
    }

    /// Somebody may live in it who is not ours to kill: it is left to them.
    func abandon(_ group: HandlerGroup) {
        guard group.control.isPopulated else { return settle(group) }
        log.warning(
            "a process that is no handler's was moved to the cgroup of one and is left there",
            metadata: ["handler": "\(group.handler)", "cgroup": "\(group.control.path)"])
    }

    /// Nobody needs them any more.
    func removeIdle() {
        for group in idle.values.joined() { group.control.remove() }
        idle = [:]
    }

    /// Nobody lives in it.
    private func settle(_ group: HandlerGroup) {
        if group.isReusable {
            idle[group.handler, default: []].append(group)
        } else {
            group.control.remove()
        }
    }

    private func setTimer() {
        guard !leaving.isEmpty, !isTimerSet else { return }
        isTimerSet = true
        _ = loop.at(MonotonicTime.now().advanced(bySeconds: Self.lookSeconds)) { [weak self] in
            guard let self else { return }
            isTimerSet = false
            let (still, gone) = (leaving.filter(\.control.isPopulated), leaving.filter { !$0.control.isPopulated })
            leaving = still
            for group in gone { settle(group) }
            setTimer()
        }
    }
}
