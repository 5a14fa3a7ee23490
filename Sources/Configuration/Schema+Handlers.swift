/// The keys of each handler.
extension Schema {
    static let command = SchemaKey(
        "handlers.NAME.command", .command, .required,
        "The program and its arguments; never a shell. A program with a `/` in it counts from the configuration's directory "
            + "unless it begins with one; without a `/` it is looked up in \(ExecutableSearch.path).")
    static let classes = SchemaKey(
        "handlers.NAME.classes", .patterns, .required,
        "The job classes it does: exact names, or a prefix that ends in `*`; `\"*\"` alone takes every class. The longest "
            + "that fits wins, an exact name before any prefix. No two handlers may name the same.")
    static let mode = SchemaKey(
        "handlers.NAME.mode", .word(HandlerSettings.Mode.allCases.map(\.rawValue)), .value("spawn"),
        "`spawn`: a process per job. `serve`: a long-lived process that is given one job after the other. `fork`: a process "
            + "that has loaded the program forks a child per job, or per `max_jobs`; see "
            + "[Share memory by fork](../guides/share-memory-by-fork.md).")
    static let threads = SchemaKey(
        "handlers.NAME.threads", .integer(1...1000), .value("1"), "serve: jobs that one process runs at once.")
    static let handlerTimeout = SchemaKey(
        "handlers.NAME.timeout", .duration(0.001...365 * day), .meaning("no limit"),
        "One job's limit. When it passes, the process group gets SIGTERM, after `grace` SIGKILL, and the job fails.")
    static let grace = SchemaKey(
        "handlers.NAME.grace", .duration(0...3600), .value("5s"),
        "Time between SIGTERM and SIGKILL. When Martlet itself stops it is at most 1s.")
    static let handlerSlow = SchemaKey(
        "handlers.NAME.slow", .duration(0...30 * day), .meaning("`slow` of the file"),
        "When this handler's jobs are called slow; 0: never.")
    static let startTimeout = SchemaKey(
        "handlers.NAME.start_timeout", .duration(0.1...3600), .value("30s"),
        "serve: time until the process says that it is ready.")
    static let maximumJobs = SchemaKey(
        "handlers.NAME.max_jobs", .integer(1...1_000_000_000), .meaning("no limit"),
        "serve: a process is replaced after about so many jobs: up to a tenth fewer, so that not all are replaced at once, and "
            + "those it does until its replacement is ready, so that no job waits for that. 1: each process does one job."
    )
    static let maximumMemory = SchemaKey(
        "handlers.NAME.max_memory", .size(1 << 20...1024 << 30), .meaning("no limit"),
        "serve: a process is replaced after the job that takes its resident memory past this. Its replacement is started at "
            + "once, and it goes on until that is ready.")
    static let maximumAge = SchemaKey(
        "handlers.NAME.max_age", .duration(0.1...365 * day), .meaning("no limit"),
        "serve: a process is replaced after this time, or up to a tenth earlier, so that not all are replaced at once. One "
            + "that did no job in all that time ends without a replacement.")
    static let idleTimeout = SchemaKey(
        "handlers.NAME.idle_timeout", .duration(0.1...365 * day), .meaning("it stays"),
        "serve: a process that had nothing to do for so long, or up to a tenth longer, ends. The next job that finds none "
            + "waits until another one has started.")
    static let malloc = SchemaKey(
        "handlers.NAME.malloc", .malloc,
        .meaning("`arenas=2` in mode serve with `threads` above 1, otherwise `system`"),
        "How the C library manages the memory of its processes. `arenas=N`: glibc's malloc with at most N arenas "
            + "(`MALLOC_ARENA_MAX`), where many threads otherwise make up to eight a core and keep what was freed in each. "
            + "`jemalloc`: that in its place (`LD_PRELOAD`), which must be installed (Debian: libjemalloc2). `system`: "
            + "nothing is set. What `env` says wins over the default, and must not contradict this key.")
    static let isolate = SchemaKey(
        "handlers.NAME.isolate", .word(HandlerSettings.Isolate.allCases.map(\.rawValue)), .value("never"),
        "serve: `auto` gives a class whose runs leave much memory behind (a cliff) processes of its own that end after each "
            + "run, in all workers of all hosts, until it behaves; see [Tame memory](../guides/tame-memory.md). "
            + "`martlet isolated` lists such classes and releases them.")
    static let processLimits = SchemaKey(
        "handlers.NAME.limits", .section, .meaning("no limits"),
        "What a process may use. `memory` and `tasks` count it together with all it starts, however that detaches itself. The "
            + "kernel holds it to them in a cgroup of version 2 that systemd has delegated to the service, as the unit asks "
            + "it to; see [Deploy with systemd](../guides/deploy-with-systemd.md#limits-for-handlers). Where none is, Martlet "
            + "starts all the same and warns that they do not hold. So it is with `cpu_weight`. The others are limits of each "
            + "single process (setrlimit(2)) and hold everywhere; above the hard limit that Martlet has they are cut to it, "
            + "unless it runs as root.")
    static let memoryLimit = SchemaKey(
        "handlers.NAME.limits.memory", .size(1 << 20...1024 << 30), .meaning("no limit"),
        "Memory, without use of swap. Whoever needs more is killed whole, and the job fails with the class `OutOfMemory`. "
            + "To replace a process that has grown once its job is done, use `max_memory`.")
    static let taskLimit = SchemaKey(
        "handlers.NAME.limits.tasks", .integer(1...4_194_304), .meaning("no limit"),
        "Processes and threads. Beyond it, starting another one fails with `EAGAIN`.")
    static let addressSpaceLimit = SchemaKey(
        "handlers.NAME.limits.address_space", .size(16 << 20...1024 << 30), .meaning("no limit"),
        "Virtual memory of each single process (RLIMIT_AS of setrlimit(2)), for machines without a delegated cgroup. Beyond "
            + "it an allocation fails: malloc returns NULL, Python raises `MemoryError`, and what becomes of the job is the "
            + "handler's business. Nobody is killed. Threads, mapped files and what a runtime reserves without using it "
            + "count: Go, the JVM and Node need some GB before they do anything.")
    static let connections = SchemaKey(
        "handlers.NAME.connections", .connections, .meaning("none"),
        "How many connections of which pool each running job holds: `{ postgres: 1 }`, or `[postgres]` for one of each. "
            + "Processes that serve are taken to keep theirs while they have nothing to do.")
    static let connectionCount = SchemaKey("handlers.NAME.connections.POOL", .integer(0...1000), .value("1"), "")
    static let environment = SchemaKey(
        "handlers.NAME.env", .environment, .meaning("nothing added"),
        "Added to a small clean environment (PATH, HOME, USER, LANG); nothing of the daemon's own is inherited. "
            + "The protocol's own variables (`MARTLET_JID` and so on) cannot be set.")
    static let directory = SchemaKey(
        "handlers.NAME.directory", .path, .meaning("the configuration's directory"),
        "Working directory of the process. A relative path counts from the configuration's directory.")
    static let user = SchemaKey(
        "handlers.NAME.user", .text, .meaning("the user Martlet runs as"),
        "User whose rights the process gets; to become another user Martlet must be started as root.")
}
