/// Every key of the configuration, once. The decoder reads by it, overrides refer to it, and the reference page is
/// printed from it.
package enum Schema {
    private static let day = 86_400.0

    static let redis = SchemaKey(
        "redis", .redis, .value("redis://127.0.0.1:6379/0"),
        "Where the jobs lie: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, the same with `rediss://` for TLS, "
            + "`unix:///PATH[?db=DATABASE]`, or `embedded` for a private server that Martlet starts and keeps under its "
            + "state directory. Reserved characters in a user or password are percent-encoded. A mapping with the keys "
            + "below instead of the URL says more about it. Clusters are not supported.")
    static let processes = SchemaKey(
        "processes", .automatic(1...512), .value("1"),
        "Worker processes on this host. `auto`, or a mapping with the keys below: as many as the latency of the queues asks "
            + "for and the host has room for; see [How it decides](../explanation/auto-concurrency.md).")
    static let processesMinimum = SchemaKey("processes.min", .integer(1...512), .value("1"), "Never fewer.")
    static let processesMaximum = SchemaKey(
        "processes.max", .integer(1...512), .meaning("the number of cores"), "Never more.")
    static let concurrency = SchemaKey(
        "concurrency", .automatic(1...1000), .value("10"),
        "Threads of the pool, so jobs at once, in each worker process. `auto`, or a mapping with the keys below: each worker "
            + "finds the number by what it measures; see [How it decides](../explanation/auto-concurrency.md).")
    static let concurrencyMinimum = SchemaKey("concurrency.min", .integer(1...1000), .value("5"), "Never fewer.")
    static let concurrencyMaximum = SchemaKey("concurrency.max", .integer(1...1000), .value("128"), "Never more.")
    static let concurrencyStart = SchemaKey(
        "concurrency.start", .integer(1...1000), .value("10"), "Where a worker begins.")
    static let timeout = SchemaKey(
        "timeout", .duration(0...day), .value("25s"),
        "How long a stop waits for running jobs; then they go back to their queues.")
    static let slow = SchemaKey(
        "slow", .duration(0...30 * day), .value("1m"),
        "A job that has been running for so long is called slow: the log says so, with the process that runs it, again at "
            + "twice the time and so on, and when it ends; `martlet status` marks it. Nothing is done to it: that is for the "
            + "handler's `timeout`. 0: no job is slow.")
    static let queues = SchemaKey(
        "queues", .queues, .value("default"),
        "The queues to serve. Names alone: strict order, an earlier queue is emptied first. With weights: a queue is "
            + "looked at first that often in proportion (a name without one counts 1). All weights 1: random order.")
    static let weight = SchemaKey("queues.weight", .integer(0...10_000), .value("0"), "")
    static let handlers = SchemaKey(
        "handlers", .section, .meaning("none: jobs stay for retry until their class has a handler"),
        "The programs that do the jobs, each under a name of yours (letters, digits, `_`, `-` and `.`, at most 64) that logs, "
            + "metrics and advice show.")

    static let maximumRetries = SchemaKey(
        "max_retries", .integer(0...1000), .value("25"),
        "Retries of a job that does not say how many it wants (`\"retry\": true`).")
    static let deadMaximumJobs = SchemaKey(
        "dead_max_jobs", .integer(1...100_000_000), .value("10000"),
        "The dead set keeps this many jobs; the oldest go first.")
    static let deadTimeout = SchemaKey(
        "dead_timeout", .duration(1...3650 * day), .value("180d"),
        "The dead set forgets a job after this time.")

    static let poison = SchemaKey(
        "poison", .section, .meaning("the defaults of its keys"),
        "When a job that was running at unexplained deaths of its worker or handler goes to the dead set.")
    static let poisonDeaths = SchemaKey(
        "poison.deaths", .integer(0...1000), .value("3"),
        "So many deaths bury a job that was running at each of them, such as a crash or a kill for want of memory. Ordinary "
            + "failures, timeouts and stops do not count. 0: deaths are not counted, and such a job runs again for ever."
    )
    static let poisonWithin = SchemaKey(
        "poison.within", .duration(60...365 * day), .value("72h"), "Within this time.")
    static let limits = SchemaKey(
        "limits", .section, .meaning("the defaults of its keys"),
        "What a job's payload may be, and how many streamed children may wait.")
    static let payloadLimit = SchemaKey(
        "limits.payload", .size(1 << 10...256 << 20), .value("1MB"),
        "What one payload may weigh. A heavier one is not parsed: it goes to the dead set as it is. What failures add to a "
            + "job counts. `martlet push` refuses it, and a handler's run that pushes such a child fails.")
    static let payloadWarning = SchemaKey(
        "limits.payload_warning", .size(1...256 << 20), .value("100KB"),
        "A payload heavier than this is run and warned of, once a minute for each class.")
    static let payloadDepth = SchemaKey(
        "limits.depth", .integer(2...200), .value("100"),
        "How many objects and arrays of a payload may be open at once, the payload itself among them. A deeper one goes to "
            + "the dead set.")

    static let childrenWaiting = SchemaKey(
        "limits.children_waiting", .integer(0...1_000_000_000), .value("100000"),
        "While a queue holds so many jobs, children that a run streams to it wait, and with them the run. 0: they never "
            + "wait.")

    static let memory = SchemaKey(
        "memory", .section, .meaning("the defaults of its keys"), "What is watched of memory.")
    static let memoryPressure = SchemaKey(
        "memory.pressure", .share(0...1), .value("10%"),
        "Back-pressure: while some task waits for memory for so much of the time (`some` of the kernel's pressure stall "
            + "information, over the last second), and no more than `available` of it is left, a worker fetches nothing and "
            + "gives back what has not started, so that a healthier host does it; running jobs go on. It fetches again "
            + "when that has clearly not been so for 5 s. Looked at once a second for the host, and for each cgroup above "
            + "the worker that has a limit.")
    static let memoryAvailable = SchemaKey(
        "memory.available", .share(0...1), .value("10%"),
        "Of the host's memory, or of the cgroup's limit; files that are only cached count as available. On a kernel without "
            + "pressure stall information half of this alone decides. 0%: no back-pressure.")
    static let memoryCliff = SchemaKey(
        "memory.cliff", .size(1 << 20...1024 << 30), .value("64MB"),
        "A run after which a serve process keeps so much more memory than before, and `cliff_share` more, and a second later "
            + "still does, is a cliff: the log names the job. Files that are only mapped do not count. A process's first run "
            + "may load twice as much.")
    static let memoryCliffShare = SchemaKey(
        "memory.cliff_share", .share(0...100), .value("25%"), "Of what the process had before the run.")
    static let memoryGrowth = SchemaKey(
        "memory.growth", .size(1 << 20...1024 << 30), .value("10MB"),
        "A run that has gone on for a minute, in a process that has grown by so much a minute all the time, is told in the log; "
            + "again each time it has grown to twice that.")

    static let pools = SchemaKey(
        "pools", .section, .meaning("none"),
        "Connections that a shared server, a database say, gives to all hosts together: each under a name, `postgres: { limit: "
            + "90 }` or `postgres: 90` for short. Handlers say in `connections` how many their jobs hold. `martlet check` fails "
            + "when the jobs of all hosts may hold more than there are, and `martlet advise` advises no more slots than that "
            + "allows.")
    static let poolLimit = SchemaKey(
        "pools.NAME.limit", .integer(1...1_000_000), .required,
        "So many connections, of all hosts together. Leave some for others.")

    static let log = SchemaKey("log", .section, .meaning("the defaults of its keys"), "What is logged, and how.")
    static let logLevel = SchemaKey(
        "log.level", .word(["trace", "debug", "info", "notice", "warning", "error", "critical"]), .value("info"),
        "The least severity that is logged.")
    static let logFormat = SchemaKey(
        "log.format", .word(["auto", "text", "json", "journal"]), .value("auto"),
        "`text` for people, `json` for programs (an object a line), `journal` for fields in systemd's journal. `auto` is "
            + "`journal` when standard error is connected to it, otherwise `text`.")
    static let tag = SchemaKey(
        "tag", .text, .value(""), "Shown beside each process on Sidekiq's dashboard.")
    static let labels = SchemaKey(
        "labels", .texts, .meaning("none"), "Labels of each process on Sidekiq's dashboard.")

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
        announced: ["fork"],
        "`spawn`: a process per job. `serve`: a long-lived process that is given one job after the other.")
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
            + "starts all the same and warns that they do not hold. `address_space` holds everywhere.")
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

    static let redisURL = SchemaKey(
        "redis.url", .redis, .value("redis://127.0.0.1:6379/0"),
        "What `redis` is without a mapping. With `sentinels` it names no host (`rediss://USER:PASSWORD@/0`), or the "
            + "master's name in its place.")
    static let redisAuthorities = SchemaKey(
        "redis.ca", .path, .meaning("the system's authorities"),
        "TLS: a file of certificates (PEM), or a directory of them with hashed names. The server's certificate must be "
            + "issued by one of them; others are not trusted. There is no way to connect without this proof.")
    static let redisCertificate = SchemaKey(
        "redis.certificate", .path, .meaning("none"),
        "TLS: our own certificate (PEM, with its chain), for a server that asks for one, as Redis does by default.")
    static let redisKey = SchemaKey(
        "redis.key", .path, .meaning("it stands in the certificate's file"),
        "TLS: the key of `certificate` (PEM, without a passphrase).")
    static let redisServerName = SchemaKey(
        "redis.server_name", .text, .meaning("the host of the URL, or the address the sentinels give"),
        "TLS: the name or address the server's certificate must be for.")
    static let redisSentinels = SchemaKey(
        "redis.sentinels", .texts, .meaning("none: the URL says where the server is"),
        "Sentinels, each `HOST` or `HOST:PORT` (26379). They are asked for the master at each connect, and every 2 seconds "
            + "whether it still is. With `rediss://` they are reached by TLS too.")
    static let redisMaster = SchemaKey(
        "redis.master", .text, .meaning("the host of `url`"), "What the sentinels call the master.")
    static let redisSentinelUsername = SchemaKey(
        "redis.sentinel_username", .text, .meaning("the sentinels' default user"), "User to the sentinels.")
    static let redisSentinelPassword = SchemaKey(
        "redis.sentinel_password", .text, .meaning("none"), "Password to the sentinels, as it is, not percent-encoded.")
    // At most 5 s: a lease of 20 s must outlive a connection that hangs and the next that is made.
    static let redisConnectTimeout = SchemaKey(
        "redis.connect_timeout", .duration(0.1...5), .value("3s"),
        "How long a connection may take to be made, the TLS handshake included.")
    static let redisTimeout = SchemaKey(
        "redis.timeout", .duration(0.1...5), .value("3s"),
        "How long an answer may take; then the connection is given up and made anew.")

    /// Keys of the file itself.
    package static let top = [
        redis, processes, concurrency, timeout, slow, queues, handlers, maximumRetries, deadMaximumJobs, deadTimeout,
        poison, limits, memory, pools, log, tag, labels,
    ]
    /// Keys of `concurrency` and of `processes` where they are mappings.
    package static let concurrencyKeys = [concurrencyMinimum, concurrencyMaximum, concurrencyStart]
    package static let processesKeys = [processesMinimum, processesMaximum]
    /// Keys of `redis` where it is a mapping.
    package static let redisKeys = [
        redisURL, redisAuthorities, redisCertificate, redisKey, redisServerName, redisSentinels, redisMaster,
        redisSentinelUsername, redisSentinelPassword, redisConnectTimeout, redisTimeout,
    ]
    /// Keys of `poison`.
    package static let poisonKeys = [poisonDeaths, poisonWithin]
    /// Keys of `memory`.
    package static let memoryKeys = [memoryPressure, memoryAvailable, memoryCliff, memoryCliffShare, memoryGrowth]
    /// Keys of each pool.
    package static let poolKeys = [poolLimit]
    /// Keys of `log`.
    package static let logKeys = [logLevel, logFormat]
    /// Keys of `limits`.
    package static let limitKeys = [payloadLimit, payloadWarning, payloadDepth, childrenWaiting]
    /// Keys of each handler.
    package static let handlerKeys = [
        command, classes, mode, threads, handlerTimeout, grace, handlerSlow, startTimeout, maximumJobs, maximumMemory,
        maximumAge, idleTimeout, malloc, isolate, processLimits, connections, environment, directory, user,
    ]
    /// Keys of a handler's `limits`.
    package static let processLimitKeys = [memoryLimit, taskLimit, addressSpaceLimit]
    /// Every key, in the order of the reference page.
    package static let keys =
        top + concurrencyKeys + processesKeys + redisKeys + poisonKeys + limitKeys + memoryKeys + poolKeys + logKeys
        + handlerKeys + processLimitKeys

    /// Top-level keys that a later version will take; until then they are refused by name.
    static let announced = ["capsules", "cron", "web"]
}
