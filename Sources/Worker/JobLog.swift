import Handlers
import Insight
import JobModel
import Logging
import Platform
import Queueing

/// The lines a worker writes about jobs: one for a start (debug), one for an end.
struct JobLog {
    private let log: Logger
    private var complaints = Complaints()

    init(_ log: Logger) { self.log = log }

    func started(_ job: Job, from queue: QueueName) {
        let log = log.of(job)
        guard log.logLevel <= .debug else { return }
        log.debug("start", metadata: fields(of: job, queue))
    }

    /// - Parameters:
    ///   - outcome: what counts; a run that was done goes back all the same if a stop finds it waiting for its chunks.
    ///   - verdict: what follows; nil if the run ended unobserved.
    mutating func ended(
        _ job: Job, from queue: QueueName, _ report: DispatchReport, _ outcome: Outcome, _ verdict: Verdict?
    ) {
        let (level, message, failure) = Self.summary(outcome, verdict)
        let log = log.of(job)
        if failure?.hasUnusableDelay == true, shouldSay("handler \(report.handler ?? "-")", "retry_in") {
            log.warning(
                "a handler's `retry_in` is no number of seconds above 0 and up to 10^9; the job's rules say the delay",
                metadata: ["handler": "\(report.handler ?? "-")", "class": "\(job.displayName)"])
        }
        guard log.logLevel <= level else { return }
        var metadata = fields(of: job, queue, failure)
        if let handler = report.handler { metadata["handler"] = "\(handler)" }
        if let pid = report.pid { metadata["handler_pid"] = .stringConvertible(pid) }
        metadata["duration"] = "\(Self.milliseconds(report.durationSeconds))"
        log.log(level: level, message, metadata: metadata)
    }

    /// The end of a run that was told to be slow.
    func slowEnded(_ job: Job, from queue: QueueName, _ report: DispatchReport, seconds: Double) {
        var metadata = fields(of: job, queue)
        metadata["handler"] = "\(report.handler ?? "-")"
        metadata["handler_pid"] = "\(report.pid.map(String.init) ?? "-")"
        log.of(job).notice("a slow run ended after \(Self.text(seconds: seconds)) s", metadata: metadata)
    }

    /// Something about memory that names a job.
    func noticed(_ incident: MemoryIncident) {
        let text =
            switch incident.kind {
            case .cliff: "a memory cliff: after this run its process keeps much more than before"
            case .growth: "a run goes on and its process grows all the time"
            case .outOfMemory: "a run was killed for want of memory"
            }
        var fields: Logger.Metadata = [
            "class": "\(incident.jobClass)", "arguments": "\(incident.argumentsDigest)",
            "handler": "\(incident.handler)", "peak": "\(Self.megabytes(incident.peak))",
            "duration": "\(Self.milliseconds(incident.seconds))",
        ]
        if incident.kind != .outOfMemory {
            fields["before"] = "\(Self.megabytes(incident.before))"
            fields["after"] = "\(Self.megabytes(incident.after))"
        }
        if let jid = incident.jid { fields["jid"] = "\(jid)" }
        if !incident.alongside.isEmpty { fields["or"] = "\(incident.alongside.joined(separator: " "))" }
        log.warning("\(text)", metadata: fields)
    }

    private static func megabytes(_ bytes: Int) -> String { "\(bytes >> 20) MB" }

    /// Whole seconds, or milliseconds of what is short.
    static func text(seconds: Double) -> String { seconds < 1 ? milliseconds(seconds) : "\(Int(seconds))" }

    private static func summary(_ outcome: Outcome, _ verdict: Verdict?) -> (Logger.Level, Logger.Message, Failure?) {
        switch outcome {
        case .succeeded: return (.info, "done", nil)
        case .discarded: return (.info, "discarded by its handler", nil)
        case .snoozed(let seconds): return (.info, "snoozed; it runs again in \(seconds) s", nil)
        case .suspended: return (.info, "interrupted between two elements; it goes on later", nil)
        case .interrupted: return (.notice, "interrupted; it goes back to its queue", nil)
        case .cancelled(let failure):
            let isKept = if case .bury = verdict { true } else { false }
            return (
                .notice, isKept ? "cancelled; to the dead set" : "cancelled; not to be kept, so it is dropped", failure
            )
        case .failed(let failure), .notStarted(let failure), .died(let failure, _), .dead(let failure):
            switch verdict {
            case .retry(let seconds, _), .retryUnlessPoison(let seconds, _, _):
                return (.warning, "failed; retry in \(Int(seconds)) s", failure)
            case .bury: return (.warning, "failed; to the dead set", failure)
            default: return (.warning, "failed; not to be retried, so it is discarded", failure)
            }
        }
    }

    mutating func told(_ notice: WorkerNotice) {
        switch notice {
        case .malformed(let id, let reason):
            log.error(
                "a payload that is no job goes to the dead set as it is",
                metadata: ["id": "\(id)", "reason": "\(reason)"])
        case .large(let id, let route, let bytes):
            guard shouldSay("class \(route.text)", "it is large") else { return }
            log.warning(
                "a large payload: Redis and the handler carry it each time it moves; keep data elsewhere and pass its name",
                metadata: ["id": "\(id)", "class": "\(route.text)", "bytes": "\(bytes)"])
        case .late(let id):
            log.warning(
                "a result came too late and changes nothing: the job was given to others", metadata: ["id": "\(id)"])
        case .poisoned(let id, let jid):
            log.error(
                "poison: handlers that ran this job died too often; it is not retried, but goes to the dead set",
                metadata: ["id": "\(id)", "jid": "\(jid ?? "-")"])
        case .adopting(let count):
            log.notice("found \(count) reserved jobs whose fetch was never answered; they run now")
        case .taken(let ids):
            log.warning(
                "jobs reserved here were given to others; their results will change nothing",
                metadata: ["ids": "\(ids.prefix(20).map(\.text).joined(separator: " "))", "count": "\(ids.count)"])
        case .blocked(let id, let reason):
            guard shouldSay("results", reason) else { return }
            log.error(
                "a result cannot be written and is tried again; the job stays reserved",
                metadata: ["id": "\(id)", "reason": "\(reason)"])
        case .troubled(let queue, let reason):
            guard shouldSay("queue \(queue.text)", reason) else { return }
            log.error("cannot fetch from a queue", metadata: ["queue": "\(queue.text)", "reason": "\(reason)"])
        case .held(let id, .deep(let queue, let jobs)):
            guard shouldSay("children for \(queue.text)", "deep") else { return }
            log.notice(
                "streamed children wait: their queue is as deep as limits.children_waiting allows",
                metadata: ["id": "\(id)", "queue": "\(queue.text)", "jobs": "\(jobs)"])
        case .held(let id, .blocked(let reason)):
            guard shouldSay("streamed children", reason) else { return }
            log.error(
                "streamed children cannot be written and are tried again; their run waits",
                metadata: ["id": "\(id)", "reason": "\(reason)"])
        case .yielded(let id):
            log.notice(
                "all slots wait for room for children: a run is ended to do some of them, and goes on later",
                metadata: ["id": "\(id)", "in_seconds": "\(Int(WorkerState.yieldSeconds))"])
        case .unstarted(let job, let queue, let failure):
            log.notice("cancelled before it began", metadata: fields(of: job, queue, failure))
        case .expired(let job, let queue, let instant):
            var metadata = fields(of: job, queue)
            metadata["expiry"] = "\(instant.literal(as: .seven))"
            log.of(job).notice("expired before it began; it is dropped", metadata: metadata)
        case .givenBack(let count):
            log.debug("gave back \(count) jobs that had not started")
        }
    }

    /// Trouble that lasts is told once a minute.
    mutating func shouldSay(_ subject: String, _ reason: String) -> Bool {
        complaints.shouldSay(subject, reason, now: .bootTime())
    }

    private func fields(of job: Job, _ queue: QueueName, _ failure: Failure? = nil) -> Logger.Metadata {
        var fields: Logger.Metadata = [
            "class": "\(job.displayName)", "queue": "\(queue.text)", "attempt": .stringConvertible(job.attempt),
        ]
        if let jid = job.jid { fields["jid"] = "\(jid)" }
        let tags = job.tags
        if !tags.isEmpty { fields["tags"] = "\(tags.joined(separator: ","))" }
        if let failure {
            fields["error"] = "\(failure.errorClass)"
            fields["message"] = "\(failure.message)"
        }
        return fields
    }

    /// Seconds with milliseconds, "0.012".
    private static func milliseconds(_ seconds: Double) -> String {
        let count = Int((max(0, seconds) * 1000).rounded())
        let rest = String(count % 1000)
        return "\(count / 1000).\(String(repeating: "0", count: 3 - rest.utf8.count))\(rest)"
    }
}
