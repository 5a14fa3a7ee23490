import Configuration
import Glibc
import Handlers
import Insight
import JobModel
import Platform
import Queueing
import Redis

/// Everything a worker knows from its start on.
struct WorkerPlan {
    /// Between SIGTERM and SIGKILL for handlers when the worker stops, in seconds; docs/reference/signals.md.
    static let handlerGraceSeconds = 1.0
    /// The same when the supervisor is gone: its successor may be starting already.
    static let orphanGraceSeconds = 0.3

    /// Runs of a host that are measured each second at most. Each costs 3 us: 1.5 % of two cores.
    static let measuredPerSecond = 10_000.0

    let settings: Settings
    let identity: String
    let cores: Int
    let seed: UInt64
    /// The soft limit of open files that handlers get: what it was before the worker raised its own.
    let openFilesLimit: UInt64
    /// In which each handler process gets a cgroup of its own; nil where none was delegated to the service.
    let controlGroup: ControlGroup?
    let origin: ProcessOrigin
    let description: ProcessDescription
    let terms: WorkerState.Terms
    let greeting: RedisGreeting

    init(
        _ settings: Settings, endpoint: Redis.RedisEndpoint, index: Int, version: String, openFilesLimit: UInt64,
        controlGroup: ControlGroup? = nil
    ) {
        var random = SystemRandomNumberGenerator()
        let pid = getpid()
        let host = ProcessIdentity.hostName
        // Sidekiq's form: host, pid and six random bytes, so that no two starts share a name.
        let nonce = JobID.make(random: (random.next(), random.next())).prefix(12)
        identity = "\(host):\(pid):\(nonce)"
        self.settings = settings
        self.openFilesLimit = openFilesLimit
        self.controlGroup = controlGroup
        seed = random.next()
        cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        origin = ProcessOrigin(
            host: host, boot: ProcessIdentity.bootID, pidNamespace: String(ProcessIdentity.pidNamespace), pid: pid,
            startTime: ProcessIdentity.startTime(of: pid) ?? 0, supervisor: getppid(), role: "worker",
            connections: PoolDemand.ofWorker(settings))
        let capsules = settings.everyCapsule
        description = ProcessDescription(
            identity: identity, hostname: host, pid: pid, startedAt: Timestamp(milliseconds: WallClock.milliseconds()),
            tag: settings.tag, labels: settings.labels,
            capsules: capsules.map { capsule in
                ProcessDescription.Capsule(
                    name: capsule.name, concurrency: capsule.concurrency,
                    queues: capsule.queues.map { .init(name: $0.name, weight: $0.weight) })
            },
            version: "martlet \(version)")
        terms = WorkerState.Terms(
            identity: identity,
            capsules: capsules.map { capsule in
                WorkerState.Terms.Capsule(
                    slots: capsule.concurrency, order: QueueOrder(capsule.queues.map { ($0.name, $0.weight) }))
            },
            policy: RetryPolicy(
                maximumRetries: settings.maximumRetries, poison: settings.poison, sidekiq: settings.sidekiq),
            deadLimits: DeadLimits(jobs: settings.deadMaximumJobs, seconds: Int(settings.deadTimeout)),
            payloadLimits: settings.payloadLimits, childrenWaiting: settings.childrenWaiting,
            iterationSeconds: settings.iterationRuntime)
        greeting = RedisGreeting(
            endpoint: endpoint, name: "martlet-worker-\(index)", identity: identity, origin: origin,
            queues: settings.allQueues)
    }
}
