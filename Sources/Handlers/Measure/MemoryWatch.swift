import Configuration
import Insight
import JobModel
import Platform

/// Makes incidents of what memory does, and hands them on.
///
/// Only the leader touches it.
final class MemoryWatch {
    /// What has happened in a run, before it has a name.
    struct Finding {
        var kind: MemoryIncident.Kind
        /// Bytes.
        var before: Int
        var peak: Int
        var after: Int
        var seconds: Double
        var alongside: [String] = []
    }

    let settings: MemorySettings
    let times: MemoryTimes
    private let host: String
    private let report: (MemoryIncident) -> Void

    init(
        _ settings: MemorySettings, times: MemoryTimes, host: String, report: @escaping (MemoryIncident) -> Void
    ) {
        self.settings = settings
        self.times = times
        self.host = host
        self.report = report
    }

    var limits: CliffLimits { CliffLimits(bytes: settings.cliff, share: settings.cliffShare) }

    /// The kernel ended a run for want of memory.
    func tellKilled(_ run: Run, handler: String, _ cost: RunCost?, seconds: Double) {
        let finding = Finding(
            kind: .outOfMemory, before: cost?.memory?.before ?? 0, peak: cost?.memory?.highest ?? 0, after: 0,
            seconds: seconds)
        tell(finding, of: run, handler: handler)
    }

    func tell(_ finding: Finding, of run: Run, handler: String) {
        let object = run.job.object
        let arguments = object.member("args").map { object.raw($0) } ?? []
        report(
            MemoryIncident(
                kind: finding.kind, jobClass: run.job.route.text, jid: run.job.jid,
                argumentsDigest: ArgumentsDigest.text(of: arguments), handler: handler, host: host,
                before: finding.before, peak: finding.peak, after: finding.after, seconds: finding.seconds,
                at: WallClock.milliseconds(), alongside: finding.alongside))
    }
}

/// How long memory is watched before something is said. All in seconds.
package struct MemoryTimes: Sendable {
    /// After a run, until what its process still has is kept.
    package var settle: Double
    /// Between two looks at the processes of runs that go on.
    package var look: Double
    /// Of growth before it is told.
    package var growth: Double

    package init(settle: Double = 1, look: Double = 5, growth: Double = 60) {
        self.settle = settle
        self.look = look
        self.growth = growth
    }
}
