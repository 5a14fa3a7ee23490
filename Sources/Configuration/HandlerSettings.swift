/// One handler: the program, the classes it does, and its limits.
package struct HandlerSettings: Codable, Equatable, Sendable {
    /// How jobs reach the program.
    package enum Mode: String, Codable, Sendable, CaseIterable {
        /// A process per job.
        case spawn
        /// A long-lived process that is given one job after the other.
        case serve
    }

    /// Limits the kernel holds a process to, and whatever it starts, as one: a cgroup of version 2 must be left to us.
    package struct Limits: Codable, Equatable, Sendable {
        /// Bytes; nil for none.
        package var memory: Int?
        /// Processes and threads; nil for none.
        package var tasks: Int?

        package init(memory: Int? = nil, tasks: Int? = nil) {
            self.memory = memory
            self.tasks = tasks
        }
    }

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
    /// A serve process is replaced after about so many jobs; nil for never.
    package var maxJobs: Int?
    /// A serve process is replaced once its resident memory is past so many bytes; nil for never.
    package var maxMemory: Int?
    /// What one of its processes may use, with all it starts.
    package var limits: Limits
    /// Added to the clean environment.
    package var environment: [String: String]
    /// Absolute.
    package var directory: String
    /// Nil for the user Martlet runs as.
    package var user: String?

    package init(
        name: String, command: [String], executable: String, classes: [ClassPattern], mode: Mode = .spawn,
        threads: Int = 1, timeout: Double? = nil, grace: Double = 5, slow: Double? = nil, startTimeout: Double = 30,
        maxJobs: Int? = nil, maxMemory: Int? = nil, limits: Limits = Limits(), environment: [String: String] = [:],
        directory: String, user: String? = nil
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
        self.limits = limits
        self.environment = environment
        self.directory = directory
        self.user = user
    }
}
