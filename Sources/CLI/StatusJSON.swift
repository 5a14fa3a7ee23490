import Foundation
import JobModel
import Queueing
import Redis

/// A status report for programs; docs/reference/cli.md lists the members. Times are epoch seconds, spans seconds.
struct StatusJSON: Encodable {
    struct Queue: Encodable {
        let name: String
        let size: Int
        /// Age of the job that is fetched next; absent if the queue is empty.
        let latency: Double?
        /// Why the queue cannot be read.
        let error: String?
        /// What was promised of `latency`; absent, with all that follows, where nothing was.
        let promise: Double?
        let late: Bool?
        /// Of the last 24 hours: the longest wait, and for how long the promise was broken.
        let worst, secondsLate: Double?
        let paused: Bool
    }

    struct Capsule: Encodable {
        let name: String
        let concurrency: Int
        let mode: String
        let queues: [String]
    }

    struct Process: Encodable {
        let identity, hostname: String
        let pid: Int
        let tag: String
        let labels: [String]
        let version: String
        let queues: [String]
        /// Absent unless there are several.
        let capsules: [Capsule]?
        let leader: Bool
        let startedAt: Double?
        let concurrency, busy: Int
        /// Absent if the number of slots is fixed.
        let concurrencyMin, concurrencyMax: Int?
        let beat: Double?
        let quiet: Bool
        let rssKb: Int
        let slow: Int
        let writtenOff: Int
        /// Why it fetches nothing for now; absent while it does.
        let held: String?
        let failingStarts: String?
        let jobs: [Job]
    }

    struct Job: Encodable {
        let slot, queue: String
        let `class`, jid: String?
        let tags: [String]
        let runAt: Double?
        /// Absent for jobs of other programs.
        let handler: String?
        /// Absent while the run waits for a process.
        let handlerPid: Int32?
        let state: String?
        let slow: Bool
    }

    struct Class: Encodable {
        let `class`: String
        let runs, failures: Int
        let meanMs: Double?
    }

    let now: Double
    let queues: [Queue]
    let scheduled, retry, dead, processed, failed, poisoned, expired, late, slow: Int
    let processes: [Process]
    let isolated: [IsolatedJSON]
    let lastHour: [Class]

    init(_ report: StatusReport) {
        now = report.now.seconds
        queues = report.queues.map {
            Queue(
                name: $0.name.text, size: $0.size, latency: $0.latencySeconds, error: $0.trouble?.message,
                promise: $0.promise?.promised, late: $0.promise == nil ? nil : $0.isLate, worst: $0.promise?.worst,
                secondsLate: $0.promise?.secondsOver, paused: $0.isPaused)
        }
        scheduled = report.scheduled
        retry = report.retries
        dead = report.dead
        processed = report.processed
        failed = report.failed
        poisoned = report.poisoned
        expired = report.expired
        late = report.late
        slow = report.slow
        processes = report.processes.map(Process.init)
        isolated = report.isolated.map(IsolatedJSON.init)
        lastHour = report.lastHour.map {
            Class(class: $0.name, runs: $0.runs, failures: $0.failures, meanMs: $0.averageMilliseconds)
        }
    }

    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

extension StatusJSON.Process {
    init(_ process: ProcessState) {
        self.init(
            identity: process.identity, hostname: process.hostname, pid: process.pid, tag: process.tag,
            labels: process.labels, version: process.version, queues: process.queues,
            capsules: process.capsules.count > 1 ? process.capsules.map(StatusJSON.Capsule.init) : nil,
            leader: process.isLeader,
            startedAt: process.startedAt?.seconds, concurrency: process.concurrency, busy: process.busy,
            concurrencyMin: process.range?.lowerBound, concurrencyMax: process.range?.upperBound,
            beat: process.lastBeat?.seconds, quiet: process.isQuiet, rssKb: process.residentKB,
            slow: process.jobs.count(where: \.isSlow), writtenOff: process.writtenOff, held: process.hold,
            failingStarts: process.failingStarts,
            jobs: process.jobs.map(StatusJSON.Job.init))
    }
}

extension StatusJSON.Capsule {
    init(_ capsule: CapsuleState) {
        self.init(name: capsule.name, concurrency: capsule.concurrency, mode: capsule.mode, queues: capsule.queues)
    }
}

extension StatusJSON.Job {
    init(_ job: ProcessState.RunningJob) {
        self.init(
            slot: job.slot, queue: job.queue, class: job.jobClass, jid: job.jid, tags: job.tags,
            runAt: job.startedAt?.seconds,
            handler: job.whereabouts?.handler, handlerPid: job.whereabouts?.pid, state: job.whereabouts?.standing,
            slow: job.isSlow)
    }
}
