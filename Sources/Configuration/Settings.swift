import Foundation
package import JobModel

/// The whole configuration as one immutable value: proved in itself, defaults filled in, overrides applied.
///
/// Workers and the scheduler receive it as JSON from the supervisor, so that one generation of processes works by one
/// text, whatever happens to the file meanwhile.
package struct Settings: Codable, Equatable, Sendable {
    /// Absolute path of the file it came from.
    package var file: String
    /// Absolute path of the file's directory; relative paths counted from here.
    package var directory: String
    package var redis: RedisSettings
    /// Worker processes, 1 to 512; the most of them if their number is found by measurement.
    package var processes: Int
    /// The bounds of their number, if it is found by measurement.
    package var autoProcesses: AutoRange?
    /// Slots of each worker process, 1 to 1000; the most of them if their number is found by measurement.
    package var concurrency: Int
    package var autoConcurrency: AutoRange?
    /// Seconds that a stop waits for running jobs.
    package var stopTimeout: Double
    /// Seconds after which a run is called slow; 0 for never.
    package var slow: Double
    /// In declared order, no name twice, never empty.
    package var queues: [QueueSetting]
    /// Beside the one that `queues` and `concurrency` make up; in declared order, no name twice.
    package var capsules: [CapsuleSetting]
    /// In declared order; no two claim the same class pattern. May be empty.
    package var handlers: [HandlerSettings]
    /// In declared order, no name twice.
    package var pools: [PoolSetting]
    /// Retries of a job that says only `true`.
    package var maximumRetries: Int
    package var deadMaximumJobs: Int
    /// Seconds.
    package var deadTimeout: Double
    /// When a job is taken to be the cause of deaths.
    package var poison: PoisonLimit
    /// What is larger or deeper is not run.
    package var payloadLimits: PayloadLimits
    /// Streamed children wait while their queue holds so many jobs; 0 for no limit.
    package var childrenWaiting: Int
    package var memory: MemorySettings
    /// swift-log's name: trace, debug, info, notice, warning, error, critical.
    package var logLevel: String
    /// auto, text, json or journal.
    package var logFormat: String
    package var tag: String
    package var labels: [String]
    /// Whose forms are written.
    package var sidekiq: SidekiqMajor
    /// Seconds after which a run of an iterable job is interrupted; nil for never.
    package var iterationRuntime: Double?

    package init(
        file: String, directory: String, redis: RedisSettings = .server(RedisEndpoint()), processes: Int = 1,
        autoProcesses: AutoRange? = nil, concurrency: Int = 10, autoConcurrency: AutoRange? = nil,
        stopTimeout: Double = 25, slow: Double = 60, queues: [QueueSetting], capsules: [CapsuleSetting] = [],
        handlers: [HandlerSettings] = [], pools: [PoolSetting] = [],
        maximumRetries: Int = 25, deadMaximumJobs: Int = 10_000, deadTimeout: Double = 180 * 86_400,
        poison: PoisonLimit = PoisonLimit(), payloadLimits: PayloadLimits = PayloadLimits(),
        childrenWaiting: Int = 100_000, memory: MemorySettings = MemorySettings(), logLevel: String = "info",
        logFormat: String = "auto", tag: String = "", labels: [String] = [], sidekiq: SidekiqMajor = .eight,
        iterationRuntime: Double? = nil
    ) {
        self.file = file
        self.directory = directory
        self.redis = redis
        self.processes = processes
        self.autoProcesses = autoProcesses
        self.concurrency = concurrency
        self.autoConcurrency = autoConcurrency
        self.stopTimeout = stopTimeout
        self.slow = slow
        self.queues = queues
        self.capsules = capsules
        self.handlers = handlers
        self.pools = pools
        self.maximumRetries = maximumRetries
        self.deadMaximumJobs = deadMaximumJobs
        self.deadTimeout = deadTimeout
        self.poison = poison
        self.payloadLimits = payloadLimits
        self.childrenWaiting = childrenWaiting
        self.memory = memory
        self.logLevel = logLevel
        self.logFormat = logFormat
        self.tag = tag
        self.labels = labels
        self.sidekiq = sidekiq
        self.iterationRuntime = iterationRuntime
    }
}

extension Settings {
    /// As JSON with sorted keys: equal settings give equal bytes.
    ///
    /// Holds the Redis password and the handlers' environment: for a descriptor, never for a log.
    package func encoded() -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self))
        } catch {
            preconditionFailure("settings are texts and finite numbers, which JSON can hold: \(error)")
        }
    }

    /// Reads what `encoded()` wrote.
    ///
    /// - Throws: when the bytes are not settings of this version.
    package init(decoding bytes: [UInt8]) throws(UnreadableSettings) {
        do {
            self = try JSONDecoder().decode(Settings.self, from: Data(bytes))
        } catch {
            throw UnreadableSettings(reason: "\(error)")
        }
    }
}

/// Bytes that were to be encoded settings and are not: another version wrote them, or they were cut off.
package struct UnreadableSettings: Error, Equatable, CustomStringConvertible {
    package let reason: String
    package var description: String { "cannot read the settings handed over: \(reason)" }
}

/// A queue to serve and how often it is looked at first.
package struct QueueSetting: Codable, Equatable, Sendable {
    package var name: QueueName
    /// 0 for a name alone. All 0: strict order; all 1: random; otherwise weighted, where 0 counts as 1.
    package var weight: Int
    /// How long a job is to wait at the most, in seconds; nil where nothing is promised.
    package var latency: Double?

    package init(name: QueueName, weight: Int, latency: Double? = nil) {
        self.name = name
        self.weight = weight
        self.latency = latency
    }

    private enum CodingKeys: CodingKey { case name, weight, latency }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = QueueName(trusted: try values.decode(String.self, forKey: .name))
        weight = try values.decode(Int.self, forKey: .weight)
        latency = try values.decodeIfPresent(Double.self, forKey: .latency)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name.text, forKey: .name)
        try values.encode(weight, forKey: .weight)
        try values.encodeIfPresent(latency, forKey: .latency)
    }
}
