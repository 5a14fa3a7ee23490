import JobModel
import Queueing
import Redis

/// A status report for people.
enum StatusText {
    static func page(_ report: StatusReport) -> String {
        [
            queues(report), sets(report), processes(report), jobs(report), IsolatedText.table(report.isolated),
            classes(report),
        ]
        .compactMap { $0 }.joined(separator: "\n\n")
    }

    private static func queues(_ report: StatusReport) -> String {
        guard !report.queues.isEmpty else { return "no queues yet: nothing was ever pushed to this Redis" }
        return Output.table(
            ["QUEUE", " SIZE", " LATENCY"],
            report.queues.map { queue in
                [
                    queue.name.text, queue.trouble.map(\.message) ?? String(queue.size),
                    latency(of: queue),
                ]
            })
    }

    /// "75 s", "75 s, late: promised 60 s" or "75 s, paused"
    private static func latency(of queue: QueueState) -> String {
        let latency = queue.latencySeconds.map(duration) ?? "-"
        if queue.isPaused { return "\(latency), paused" }
        guard let promise = queue.promise, queue.isLate else { return latency }
        return "\(latency), late: promised \(duration(promise.promised))"
    }

    private static func sets(_ report: StatusReport) -> String {
        "scheduled \(report.scheduled)   retry \(report.retries)   dead \(report.dead)   "
            + "processed \(report.processed)   failed \(report.failed)   poisoned \(report.poisoned)   "
            + "expired \(report.expired)   late \(report.late)   slow \(report.slow)"
    }

    private static func processes(_ report: StatusReport) -> String {
        guard !report.processes.isEmpty else { return "no processes: `martlet run` starts them" }
        return Output.table(
            ["PROCESS", " BUSY", " SLOTS", " MEMORY", " UP", "STATE", "QUEUES"],
            report.processes.map { process in
                let up = process.startedAt.map { duration(report.now.seconds - $0.seconds) } ?? "-"
                return [
                    process.identity, String(process.busy), slots(process),
                    "\((process.residentKB + 512) / 1024) MB", up, state(of: process),
                    queues(of: process),
                ]
            })
    }

    /// "critical default", or of several capsules "default 10: critical default; reports 2: reports"
    static func queues(of process: ProcessState) -> String {
        guard process.capsules.count > 1 else { return process.queues.joined(separator: " ") }
        return process.capsules.map { "\($0.name) \($0.concurrency): \($0.queues.joined(separator: " "))" }
            .joined(separator: "; ")
    }

    private static func state(of process: ProcessState) -> String {
        let leads = process.isLeader ? ", leader" : ""
        if process.isQuiet { return "quiet\(leads)" }
        let state = (process.hold.map { "held: \($0)" } ?? "running") + leads
        return process.failingStarts.map { "\(state); not starting: \($0)" } ?? state
    }

    private static func slots(_ process: ProcessState) -> String {
        var notes: [String] = []
        if let range = process.range { notes.append("auto \(range.lowerBound)-\(range.upperBound)") }
        if process.writtenOff > 0 { notes.append("\(process.writtenOff) written off") }
        let count = String(process.concurrency)
        return notes.isEmpty ? count : "\(count) (\(notes.joined(separator: ", ")))"
    }

    /// Of all processes, the longest running first.
    private static func jobs(_ report: StatusReport) -> String? {
        let jobs = report.processes.flatMap { process in process.jobs.map { (process: process, job: $0) } }
            .sorted { ($0.job.startedAt?.milliseconds ?? 0) < ($1.job.startedAt?.milliseconds ?? 0) }
        let rows = jobs.map { process, job in
            [
                job.jid ?? "-", job.jobClass ?? "(unreadable)", job.queue,
                job.startedAt.map { duration(report.now.seconds - $0.seconds) } ?? "-", state(of: job),
                job.whereabouts?.handler ?? "-", job.whereabouts?.pid.map(String.init) ?? "-", process.identity,
                job.slot,
            ]
        }
        let columns = ["RUNNING", "CLASS", "QUEUE", " FOR", "STATE", "HANDLER", " PID", "PROCESS", " SLOT"]
        return rows.isEmpty ? nil : Output.table(columns, rows)
    }

    /// "running", "slow", "waiting", "slow, killed"
    private static func state(of job: ProcessState.RunningJob) -> String {
        let standing = job.whereabouts?.standing ?? "running"
        guard job.isSlow else { return standing }
        return standing == "running" ? "slow" : "slow, \(standing)"
    }

    private static func classes(_ report: StatusReport) -> String? {
        let rows = report.lastHour.map { totals in
            [
                totals.name, String(totals.runs), String(totals.failures),
                totals.averageMilliseconds.map { "\(Int($0.rounded())) ms" } ?? "-",
            ]
        }
        return rows.isEmpty ? nil : Output.table(["CLASS, LAST HOUR", " RUNS", " FAILED", " MEAN"], rows)
    }

    /// A span in the largest units that say enough: "850 ms", "12 s", "3 min", "2 h 5 min", "4 d 3 h".
    static func duration(_ seconds: Double) -> String {
        let seconds = max(0, seconds)
        if seconds < 1 { return "\(Int(seconds * 1000)) ms" }
        let whole = Int(seconds)
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min" }
        if whole < 86_400 { return "\(whole / 3600) h \(whole / 60 % 60) min" }
        return "\(whole / 86_400) d \(whole / 3600 % 24) h"
    }
}
