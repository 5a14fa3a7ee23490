import Foundation
import Insight
import JobModel

/// Advice for programs; docs/reference/cli.md lists the members. Times are epoch seconds, memory is in bytes.
struct AdviceJSON: Encodable {
    struct Class: Encodable {
        let `class`: String
        let runs, failures, measured: Int
        let share: Double
        let runsPerMinute, meanMs, p50Ms, p95Ms, p99Ms: Double
        /// These are absent if they were not measured.
        let ioShare, coreWaitShare: Double?
        let queueP95Ms: Double?
        let memoryPeak, memoryRetained: Int?
        let estimate, isolated: Bool
        let handler: String?
        let queues: [String]
    }

    struct Incident: Encodable {
        let kind, `class`: String
        let jid: String?
        let before, peak, after: Int
        let seconds, at: Double
        let arguments, handler, host: String
        /// Classes that ran in the same process meanwhile: then it may have been one of them.
        let alongside: [String]
    }

    struct Advised: Encodable {
        let kind, text, sure: String
        let keep: Bool
        let arithmetic: [String]
        let setting: String?
        let value, now: Int?
        let yaml: String?
        let `class`, queue, handler: String?
    }

    struct Host: Encodable {
        let cores: Double
        let cpuUse: Double?
        let memory, memoryAvailable: Int
        let memoryOf: String
    }

    struct Pool: Encodable {
        let name: String
        let limit, used, here: Int
        let elsewhere: [String: Int]
    }

    struct Isolated: Encodable {
        let `class`, handler, reason: String
    }

    struct Queue: Encodable {
        let name: String
        let size: Int
        let latency, promise, waitedP95: Double?
    }

    let now, seconds: Double
    let runs, measured: Int
    let sure: String
    let classes: [Class]
    /// The incidents of kind `cliff`.
    let cliffs: [Incident]
    let incidents: [Incident]
    let recommendations: [Advised]
    let unknown: [String]
    let host: Host
    let pools: [Pool]
    let isolated: [Isolated]
    let queues: [Queue]

    init(_ advice: Advice, _ facts: AdviceFacts, now: Timestamp) {
        self.now = now.seconds
        seconds = facts.seconds
        runs = advice.rows.reduce(0) { $0 + $1.runs }
        measured = advice.mix.measured
        sure = advice.sure.rawValue
        classes = advice.rows.map(Class.init)
        incidents = facts.incidents.map(Incident.init)
        cliffs = facts.incidents.filter { $0.kind == .cliff }.map(Incident.init)
        recommendations = advice.recommendations.map(Advised.init)
        unknown = advice.unknowns
        let machine = facts.machine
        host = Host(
            cores: machine.cores, cpuUse: machine.cpuUse, memory: machine.memory, memoryAvailable: machine.available,
            memoryOf: machine.place)
        pools = facts.pools.map {
            Pool(name: $0.name, limit: $0.limit, used: $0.total, here: $0.here, elsewhere: $0.elsewhere)
        }
        isolated = facts.isolated.map { Isolated(class: $0.jobClass, handler: $0.handler, reason: $0.reason) }
        queues = facts.queues.map {
            Queue(
                name: $0.name, size: $0.size, latency: $0.waitingSeconds, promise: $0.promisedSeconds,
                waitedP95: $0.measuredSeconds)
        }
    }

    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

extension AdviceJSON.Class {
    init(_ row: Advice.Row) {
        self.init(
            class: row.name, runs: row.runs, failures: row.failures, measured: row.measured, share: row.share,
            runsPerMinute: row.runsPerMinute, meanMs: row.meanSeconds * 1000, p50Ms: row.p50 * 1000,
            p95Ms: row.p95 * 1000, p99Ms: row.p99 * 1000, ioShare: row.ioShare, coreWaitShare: row.coreWaitShare,
            queueP95Ms: row.queueP95.map { $0 * 1000 }, memoryPeak: row.memoryPeak, memoryRetained: row.memoryRetained,
            estimate: row.isEstimate, isolated: row.isIsolated, handler: row.handler, queues: row.queues)
    }
}

extension AdviceJSON.Incident {
    init(_ incident: MemoryIncident) {
        self.init(
            kind: incident.kind.rawValue, class: incident.jobClass, jid: incident.jid, before: incident.before,
            peak: incident.peak, after: incident.after, seconds: incident.seconds, at: Double(incident.at) / 1000,
            arguments: incident.argumentsDigest, handler: incident.handler, host: incident.host,
            alongside: incident.alongside)
    }
}

extension AdviceJSON.Advised {
    init(_ advice: Recommendation) {
        self.init(
            kind: advice.kind.rawValue, text: advice.text, sure: advice.sure.rawValue, keep: advice.isKept,
            arithmetic: advice.arithmetic, setting: advice.setting, value: advice.value, now: advice.present,
            yaml: advice.yaml, class: advice.jobClass, queue: advice.queue, handler: advice.handler)
    }
}
