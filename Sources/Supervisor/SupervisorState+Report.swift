import Logging
import Platform

/// When systemd was told what, so that it hears of changes only and the watchdog is fed in time.
struct ServiceReport: Sendable {
    /// A line more often would only be read by nobody.
    static let statusSeconds = 1.0

    let watchdogSeconds: Double?
    var feedAt = MonotonicTime.never
    /// A warning was logged that a worker makes no progress, and holds until one does.
    var isStarving = false
    var lastStatus = ""
    var lastStatusAt: MonotonicTime?
    /// When a change that came too early is told.
    var statusAt = MonotonicTime.never

    init(watchdogSeconds: Double?) { self.watchdogSeconds = watchdogSeconds }

    var nextDeadline: MonotonicTime { min(feedAt, statusAt) }

    /// Half the interval, as sd_watchdog_enabled(3) advises.
    var feedSeconds: Double? { watchdogSeconds.map { $0 / 2 } }

    /// How old a worker's last progress may be. Workers beat at most every 5 s, so less than 10 s would be chance.
    var progressSeconds: Double? { feedSeconds.map { max($0, 10) } }

    mutating func begin(now: MonotonicTime) {
        if let feedSeconds { feedAt = now.advanced(bySeconds: feedSeconds) }
    }
}

/// What systemd and the operator see of the service as a whole.
extension SupervisorState {
    mutating func announceReady(now: MonotonicTime) {
        guard phase == .starting, reload == nil else { return }
        let needed = seats.filter(\.spec.role.speaksControl)
        guard needed.allSatisfy({ child($0.current)?.standing == .ready }) else { return }
        phase = .serving
        log(.notice, "ready: \(statusText)")
        act(.notify(.ready(status: statusText)))
        told(statusText, now: now)
    }

    mutating func reportStatus(now: MonotonicTime) {
        guard phase != .ended else { return }
        let text = statusText
        guard text != report.lastStatus else {
            report.statusAt = .never
            return
        }
        let due = report.lastStatusAt?.advanced(bySeconds: ServiceReport.statusSeconds) ?? now
        guard due <= now else {
            report.statusAt = due
            return
        }
        act(.notify(.status(text)))
        told(text, now: now)
    }

    private mutating func told(_ text: String, now: MonotonicTime) {
        report.lastStatus = text
        report.lastStatusAt = now
        report.statusAt = .never
    }

    /// "2 workers, 3 of 20 slots busy, 1 slow, 120 processed, 4 failed, quiet"
    var statusText: String {
        var parts: [String] = []
        switch phase {
        case .starting:
            let needed = seats.filter(\.spec.role.speaksControl)
            let ready = needed.filter { child($0.current)?.standing == .ready }
            parts.append("starting, \(ready.count) of \(needed.count) ready")
        case .serving:
            let count = seats.filter { $0.spec.role == .worker && child($0.current)?.standing == .ready }.count
            parts.append(count == 1 ? "1 worker" : "\(count) workers")
        case .stopping, .ended:
            parts.append("stopping, \(children.count) left")
        }
        if phase != .starting { parts += figureParts }
        if isQuiet { parts.append("quiet") }
        if reload != nil { parts.append("reloading") }
        if let note { parts.append(note) }
        return parts.joined(separator: ", ")
    }

    /// What the first child that waits for something waits for. Those that retire or end are quiet as a matter of course.
    private var note: String? {
        let child = children.first { child in
            (child.standing == .starting || child.standing == .ready) && !child.figures.note.isEmpty
                && !(isQuiet && child.figures.note == "quiet")
        }
        return child.map { "\($0.spec.name): \($0.figures.note)" }
    }

    private var figureParts: [String] {
        var sum = endedTotals
        for child in children {
            sum.busy += child.figures.busy
            // A worker that was replaced has jobs, but takes none: it is no room for more.
            if child.standing != .retiring { sum.slots += child.figures.slots }
            sum.processed += child.figures.processed
            sum.failed += child.figures.failed
            sum.slow += child.figures.slow
        }
        return sum.slotParts + ["\(sum.processed) processed", "\(sum.failed) failed"]
    }

    /// Feeds the watchdog while every ready worker makes progress. A stop has deadlines of its own.
    mutating func feedWatchdog(now: MonotonicTime) {
        guard let seconds = report.feedSeconds, let limit = report.progressSeconds, report.feedAt <= now else { return }
        report.feedAt = now.advanced(bySeconds: seconds)
        let stuck =
            isStopping
            ? nil
            : children.first { child in
                child.spec.role == .worker && (child.standing == .ready || child.standing == .retiring)
                    && now.seconds(since: child.lastProgressAt) >= limit
            }
        guard let stuck else {
            report.isStarving = false
            return act(.notify(.watchdog))
        }
        guard !report.isStarving else { return }
        report.isStarving = true
        let age = Int(now.seconds(since: stuck.lastProgressAt))
        log(.error, "\(stuck.label) has made no progress for \(age) s: the watchdog is no longer fed")
    }
}
