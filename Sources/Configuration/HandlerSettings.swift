/// One handler: the program, the classes it does, and its limits.
package struct HandlerSettings: Codable, Equatable, Sendable {
    /// How jobs reach the program.
    package enum Mode: String, Codable, Sendable, CaseIterable {
        /// A process per job.
        case spawn
        /// A long-lived process that is given one job after the other.
        case serve
        /// Processes that one which has loaded the program forks.
        case fork
    }

    /// What becomes of a class whose runs leave much memory behind in a serve process.
    package enum Isolate: String, Codable, Sendable, CaseIterable {
        /// It is given processes of its own that end after each run, until it behaves.
        case auto
        case never
    }

    /// Limits the kernel holds a process to.
    package struct Limits: Codable, Equatable, Sendable {
        /// Bytes of memory of a process and all it starts, as one; nil for none.
        package var memory: Int?
        /// Processes and threads, all it starts included; nil for none.
        package var tasks: Int?
        /// Bytes of virtual memory of each single process; nil for none.
        package var addressSpace: Int?
        /// Share of the processors, 1 to 10,000; nil for 100, as everybody has.
        package var cpuWeight: Int?
        /// Files one process may have open; nil for what we were started with.
        package var openFiles: Int?
        /// Processes and threads of its user; nil for what we were started with.
        package var processes: Int?
        /// CPU time of one process; nil for none.
        package var cpuSeconds: Int?
        /// Bytes of a file one process writes; nil for none.
        package var fileSize: Int?
        /// Bytes of a core file; nil for what we were started with.
        package var core: Int?

        package init(
            memory: Int? = nil, tasks: Int? = nil, addressSpace: Int? = nil, cpuWeight: Int? = nil,
            openFiles: Int? = nil, processes: Int? = nil, cpuSeconds: Int? = nil, fileSize: Int? = nil, core: Int? = nil
        ) {
            self.memory = memory
            self.tasks = tasks
            self.addressSpace = addressSpace
            self.cpuWeight = cpuWeight
            self.openFiles = openFiles
            self.processes = processes
            self.cpuSeconds = cpuSeconds
            self.fileSize = fileSize
            self.core = core
        }

        /// They hold in a cgroup of version 2 only, which must be left to us.
        package var needsControlGroup: Bool { memory != nil || tasks != nil || cpuWeight != nil }
    }

    /// Its processes do one job after the other.
    package var keepsProcesses: Bool { mode == .serve || mode == .fork && maxJobs != 1 }

    /// Letters, digits, `_`, `-` and `.`, at most 64.
    package var name: String
    /// The arguments, the program first, as written; never empty.
    package var command: [String]
    /// Absolute path of the program. Whether it can be executed is `HandlerProof`'s question.
    package var executable: String
    /// Never empty.
    package var classes: [ClassPattern]
    package var mode: Mode
    /// Jobs one serve process runs at once, 1 to 1000.
    package var threads: Int
    /// One job's limit in seconds; nil for none.
    package var timeout: Double?
    /// Seconds between SIGTERM and SIGKILL.
    package var grace: Double
    /// Seconds after which a run is called slow, 0 for never; nil for what the file says of all handlers.
    package var slow: Double?
    /// Seconds until a serve process says that it is ready.
    package var startTimeout: Double
    /// A process is replaced after about so many jobs; nil for never. One that is forked does one, if nothing is said.
    package var maxJobs: Int?
    /// A serve process is replaced once its resident memory is past so many bytes; nil for never.
    package var maxMemory: Int?
    /// A serve process is replaced after about so many seconds; nil for never.
    package var maxAge: Double?
    /// A serve process that had nothing to do for so many seconds ends; nil for never.
    package var idleTimeout: Double?
    package var malloc: Malloc
    package var isolate: Isolate
    /// What one of its processes may use, with all it starts.
    package var limits: Limits
    /// Connections that each running job holds, by pool; none is 0.
    package var connections: [String: Int]
    /// Added to the clean environment.
    package var environment: [String: String]
    /// Absolute.
    package var directory: String
    /// Nil for the user Martlet runs as.
    package var user: String?
    package var program: ProgramTerms
    package var confinement: Confinement
    package var processes: ProcessRange
    /// Its processes are replaced when a file of its program changes.
    package var watch: Bool

    package init(
        name: String, command: [String], executable: String, classes: [ClassPattern], mode: Mode = .spawn,
        threads: Int = 1, timeout: Double? = nil, grace: Double = 5, slow: Double? = nil, startTimeout: Double = 30,
        maxJobs: Int? = nil, maxMemory: Int? = nil, maxAge: Double? = nil, idleTimeout: Double? = nil,
        malloc: Malloc = .system, isolate: Isolate = .never, limits: Limits = Limits(),
        connections: [String: Int] = [:], environment: [String: String] = [:], directory: String, user: String? = nil,
        program: ProgramTerms = ProgramTerms(), confinement: Confinement = Confinement(),
        processes: ProcessRange = ProcessRange(), watch: Bool = false
    ) {
        self.name = name
        self.command = command
        self.executable = executable
        self.classes = classes
        self.mode = mode
        self.threads = threads
        self.timeout = timeout
        self.grace = grace
        self.slow = slow
        self.startTimeout = startTimeout
        self.maxJobs = maxJobs
        self.maxMemory = maxMemory
        self.maxAge = maxAge
        self.idleTimeout = idleTimeout
        self.malloc = malloc
        self.isolate = isolate
        self.limits = limits
        self.connections = connections
        self.environment = environment
        self.directory = directory
        self.user = user
        self.program = program
        self.confinement = confinement
        self.processes = processes
        self.watch = watch
    }
}
