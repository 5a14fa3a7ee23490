/// All that advice is drawn from: what runs have cost, how they are set to run, and where.
package struct AdviceFacts: Equatable, Sendable {
    package struct Class: Equatable, Sendable {
        package var name: String
        package var cost: ClassCost
        /// Which takes it; nil if none here does.
        package var handler: String?

        package init(name: String, cost: ClassCost, handler: String? = nil) {
            self.name = name
            self.cost = cost
            self.handler = handler
        }
    }

    package struct Handler: Equatable, Sendable {
        package var name: String
        /// Its processes live on after a job.
        package var isServe: Bool
        /// Jobs that one of its processes runs at once.
        package var threads: Int
        /// Classes that leave memory behind are moved to processes of their own.
        package var isolates: Bool
        /// Of each running job, by pool.
        package var connections: [String: Int]
        package var malloc: MallocChange?

        package init(
            name: String, isServe: Bool = true, threads: Int = 1, isolates: Bool = false,
            connections: [String: Int] = [:], malloc: MallocChange? = nil
        ) {
            self.name = name
            self.isServe = isServe
            self.threads = threads
            self.isolates = isolates
            self.connections = connections
            self.malloc = malloc
        }
    }

    /// What a change of malloc's setting did.
    package struct MallocChange: Equatable, Sendable {
        package var before: String
        package var peaksBefore: MallocPeaks
        package var now: String
        package var peaksNow: MallocPeaks

        package init(before: String, peaksBefore: MallocPeaks, now: String, peaksNow: MallocPeaks) {
            self.before = before
            self.peaksBefore = peaksBefore
            self.now = now
            self.peaksNow = peaksNow
        }
    }

    /// A number that is configured, or found by each worker for itself between bounds.
    package enum Setting: Equatable, Sendable {
        case fixed(Int)
        case auto(ClosedRange<Int>)

        package var most: Int {
            switch self {
            case .fixed(let number): number
            case .auto(let range): range.upperBound
            }
        }
    }

    /// Where jobs run, as the records of its processes say.
    package struct Host: Equatable, Sendable {
        package var name: String
        package var processes: Int
        package var slots: Int
        /// Of the processes and their handlers, now. Bytes.
        package var resident: Int
        package var isOurs: Bool

        package init(name: String, processes: Int, slots: Int, resident: Int, isOurs: Bool) {
            self.name = name
            self.processes = processes
            self.slots = slots
            self.resident = resident
            self.isOurs = isOurs
        }
    }

    /// The host on which advice is asked for.
    package struct Machine: Equatable, Sendable {
        /// Those that can be used; fewer than there are if a cgroup's limit says so.
        package var cores: Double
        /// Bytes, of the host or of the cgroup that limits most.
        package var memory: Int
        /// What of it can be had without swapping. Bytes.
        package var available: Int
        /// "the host", "the cgroup PATH"
        package var place: String
        /// Of all cores at the moment, 0...1; nil if it was not measured.
        package var cpuUse: Double?

        package init(
            cores: Double, memory: Int, available: Int, place: String = "the host", cpuUse: Double? = nil
        ) {
            self.cores = cores
            self.memory = memory
            self.available = available
            self.place = place
            self.cpuUse = cpuUse
        }
    }

    package struct Queue: Equatable, Sendable {
        package var name: String
        package var size: Int
        /// How long the job that is fetched next has waited.
        package var waitingSeconds: Double?
        /// How long a job is to wait at the most, as the configuration promises.
        package var promisedSeconds: Double?
        /// What 95 % of the last jobs waited at most; nil if it was not measured.
        package var measuredSeconds: Double?

        package init(
            name: String, size: Int, waitingSeconds: Double? = nil, promisedSeconds: Double? = nil,
            measuredSeconds: Double? = nil
        ) {
            self.name = name
            self.size = size
            self.waitingSeconds = waitingSeconds
            self.promisedSeconds = promisedSeconds
            self.measuredSeconds = measuredSeconds
        }
    }

    /// A class that runs in a process of its own.
    package struct Isolated: Equatable, Sendable {
        package var jobClass: String
        package var handler: String
        package var reason: String

        package init(jobClass: String, handler: String, reason: String) {
            self.jobClass = jobClass
            self.handler = handler
            self.reason = reason
        }
    }

    /// How long ago the oldest run began that is counted, in seconds; 0 if there is none.
    package var seconds: Double
    package var classes: [Class]
    package var handlers: [Handler]
    /// Slots of each worker process.
    package var concurrency: Setting
    package var processes: Setting
    package var hosts: [Host]
    package var machine: Machine
    package var queues: [Queue]
    /// The newest first.
    package var incidents: [MemoryIncident]
    package var isolated: [Isolated]
    package var pools: [PoolDemand]

    package init(
        seconds: Double, classes: [Class], handlers: [Handler] = [], concurrency: Setting = .fixed(10),
        processes: Setting = .fixed(1), hosts: [Host] = [], machine: Machine, queues: [Queue] = [],
        incidents: [MemoryIncident] = [], isolated: [Isolated] = [], pools: [PoolDemand] = []
    ) {
        self.seconds = seconds
        self.classes = classes
        self.handlers = handlers
        self.concurrency = concurrency
        self.processes = processes
        self.hosts = hosts
        self.machine = machine
        self.queues = queues
        self.incidents = incidents
        self.isolated = isolated
        self.pools = pools
    }
}
