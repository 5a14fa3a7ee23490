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
    }

    struct Process: Encodable {
        let identity, hostname: String
        let pid: Int
        let tag: String
        let labels: [String]
        let version: String
        let queues: [String]
        let startedAt: Double?
        let concurrency, busy: Int
        let beat: Double?
        let quiet: Bool
        let rssKb: Int
        let jobs: [Job]
    }

    struct Job: Encodable {
        let slot, queue: String
        let `class`, jid: String?
        let runAt: Double?
    }

    struct Class: Encodable {
        let `class`: String
        let runs, failures: Int
        let meanMs: Double?
    }

    let now: Double
    let queues: [Queue]
    let scheduled, retry, dead, processed, failed, poisoned: Int
    let processes: [Process]
    let lastHour: [Class]

    init(_ report: StatusReport) {
        now = report.now.seconds
        queues = report.queues.map {
            Queue(name: $0.name.text, size: $0.size, latency: $0.latencySeconds, error: $0.trouble?.message)
        }
        scheduled = report.scheduled
        retry = report.retries
        dead = report.dead
        processed = report.processed
        failed = report.failed
        poisoned = report.poisoned
        processes = report.processes.map(Process.init)
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
            startedAt: process.startedAt?.seconds, concurrency: process.concurrency, busy: process.busy,
            beat: process.lastBeat?.seconds, quiet: process.isQuiet, rssKb: process.residentKB,
            jobs: process.jobs.map {
                .init(slot: $0.slot, queue: $0.queue, class: $0.jobClass, jid: $0.jid, runAt: $0.startedAt?.seconds)
            })
    }
}
