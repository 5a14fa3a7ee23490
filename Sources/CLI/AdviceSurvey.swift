import Configuration
import Glibc
import Handlers
import Insight
import JobModel
import Platform
import Queueing
import Redis

/// Gathers what advice is drawn from: from Redis, from the configuration and from this host.
struct AdviceSurvey {
    let settings: Settings
    let costs: CostReport
    let status: StatusReport
    /// The most connections that jobs of living workers can hold, by host and pool.
    let connections: [String: [String: Int]]
    /// How busy this host's cores are, 0...1.
    let cpuUse: Double?

    /// Reads it over a blocking connection.
    ///
    /// - Parameters:
    ///   - last: how far back, in seconds.
    ///   - cpuSeconds: how long this host's CPU is watched; 0 for not at all.
    init(_ settings: Settings, over redis: RedisConnection, last: Double, cpuSeconds: Double) throws(RedisError) {
        self.settings = settings
        costs = try CostReport.read(redis, last: last, handlers: settings.handlers.map(\.name))
        status = try StatusReport.read(redis)
        connections = settings.pools.isEmpty ? [:] : try ProcessOrigin.connectionsByHost(redis)
        cpuUse = cpuSeconds > 0 ? Self.use(overSeconds: cpuSeconds) : nil
    }

    /// How busy this host's processors are over the next so many seconds, 0...1; blocks as long.
    private static func use(overSeconds seconds: Double) -> Double? {
        let host = ProcessorWatch(from: nil)
        _ = host.share()
        usleep(UInt32(max(0, min(seconds, 10)) * 1e6))
        return host.share()
    }

    var facts: AdviceFacts {
        AdviceFacts(
            seconds: costs.seconds, classes: classes, handlers: settings.handlers.map(handler),
            concurrency: setting(settings.concurrency, settings.autoConcurrency),
            processes: setting(settings.processes, settings.autoProcesses), hosts: hosts,
            machine: machine, queues: queues, incidents: costs.incidents,
            isolated: status.isolated.map {
                AdviceFacts.Isolated(
                    jobClass: $0.name.text, handler: $0.isolation.handler, reason: $0.isolation.reason)
            },
            pools: PoolDemand.all(settings, living: connections, host: ProcessIdentity.hostName))
    }

    private func setting(_ number: Int, _ range: AutoRange?) -> AdviceFacts.Setting {
        range.map { .auto($0.minimum...$0.maximum) } ?? .fixed(number)
    }

    private var classes: [AdviceFacts.Class] {
        let table = HandlerTable(settings.handlers)
        return costs.classes.sorted { $0.key < $1.key }.map { name, cost in
            let index = table.handler(for: JobClass(name))
            return AdviceFacts.Class(name: name, cost: cost, handler: index.map { settings.handlers[$0].name })
        }
    }

    private func handler(_ settings: HandlerSettings) -> AdviceFacts.Handler {
        AdviceFacts.Handler(
            name: settings.name, isServe: settings.keepsProcesses,
            threads: settings.keepsProcesses ? settings.threads : 1, isolates: settings.isolate == .auto,
            connections: settings.connections,
            malloc: costs.malloc[settings.name].map {
                .init(
                    before: $0.before.setting, peaksBefore: $0.before.peaks, now: $0.now.setting, peaksNow: $0.now.peaks
                )
            })
    }

    /// Workers of ours; Sidekiq's own processes tell nothing of what their jobs cost.
    private var workers: [ProcessState] { status.processes.filter { $0.version.hasPrefix("martlet") } }

    private var hosts: [AdviceFacts.Host] {
        Dictionary(grouping: workers, by: \.hostname).sorted { $0.key < $1.key }.map { name, workers in
            AdviceFacts.Host(
                name: name, processes: workers.count, slots: workers.reduce(0) { $0 + $1.concurrency },
                resident: workers.reduce(0) { $0 + $1.residentKB << 10 }, isOurs: name == ProcessIdentity.hostName)
        }
    }

    private var machine: AdviceFacts.Machine {
        // What limits a worker limits its handlers; without one, what limits this command will have to do.
        let pid = workers.first { $0.hostname == ProcessIdentity.hostName }.flatMap { Int32(exactly: $0.pid) }
        let group = pid.flatMap(ControlGroup.of) ?? .own()
        let readings = MemoryWatch(from: group).read()
        let tightest = readings.min { $0.available < $1.available }
        return AdviceFacts.Machine(
            cores: ProcessorWatch(from: group).cores, memory: tightest?.total ?? 0, available: tightest?.available ?? 0,
            place: tightest?.place ?? "the host", cpuUse: cpuUse)
    }

    private var queues: [AdviceFacts.Queue] {
        let promised = Dictionary(settings.everyCapsule.flatMap(\.queues).map { ($0.name, $0.latency) }) { first, _ in
            first
        }.compactMapValues { $0 }
        return status.queues.map { queue in
            // Of a class that comes from several queues it is not told apart how long it waited in which.
            var waits = Sketch()
            for cost in costs.classes.values where cost.queues.entries.map(\.queue) == [queue.name.text] {
                waits.merge(cost.queueing)
            }
            return AdviceFacts.Queue(
                name: queue.name.text, size: queue.size, waitingSeconds: queue.latencySeconds,
                promisedSeconds: queue.promise?.promised ?? promised[queue.name],
                measuredSeconds: waits.quantile(0.95).map { Double($0) / 1000 })
        }
    }
}
