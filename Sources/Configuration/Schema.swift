/// Every key of the configuration, once. The decoder reads by it, overrides refer to it, and the reference page is
/// printed from it.
package enum Schema {
    static let day = 86_400.0

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
            + "looked at first that often in proportion (a name without one counts 1). All weights 1: random order. A mapping "
            + "with the keys below in place of the weight (`- within_1m: { latency: 60s }`) says more about a queue.")
    static let weight = SchemaKey(
        "queues.NAME.weight", .integer(0...10_000), .meaning("as for a name alone"), "As `- NAME: weight` says it.")
    static let latency = SchemaKey(
        "queues.NAME.latency", .duration(0.1...30 * day), .meaning("no promise"),
        "A promise: no job waits for longer. How long the job waits that is fetched next is measured every 2 seconds. When "
            + "that is longer than was promised, the log says so, once, and once more when the promise is kept again; `martlet "
            + "status` marks the queue, `processes: auto` starts workers, and `martlet advise` tells it.")
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
            + "allows. Not counted are a second daemon on this host with another file, and the short overlap while processes that serve "
            + "are replaced or the service reloads.")
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
        redis, processes, concurrency, timeout, slow, queues, capsules, handlers, maximumRetries, deadMaximumJobs,
        deadTimeout, iterationRuntime, poison, limits, memory, pools, log, tag, labels, sidekiq,
    ]
    /// Keys of `concurrency` and of `processes` where they are mappings.
    package static let concurrencyKeys = [concurrencyMinimum, concurrencyMaximum, concurrencyStart]
    package static let processesKeys = [processesMinimum, processesMaximum]
    /// Keys of a queue where it is a mapping.
    package static let queueKeys = [weight, latency]
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
    package static let handlerKeys =
        [
            command, classes, mode, threads, handlerTimeout, grace, handlerSlow, startTimeout, maximumJobs,
            maximumMemory,
            maximumAge, idleTimeout, malloc, isolate, processLimits, connections, environment, directory, user,
        ] + handlerProcessKeys + programKeys + confinementKeys
    /// Every key, in the order of the reference page.
    package static let keys =
        top + concurrencyKeys + processesKeys + queueKeys + capsuleKeys + redisKeys + poisonKeys + limitKeys
        + memoryKeys + poolKeys
        + logKeys
        + handlerKeys + handlerProcessesKeys + processLimitKeys

    /// Top-level keys that a later version will take; until then they are refused by name.
    static let announced = ["cron", "web"]
}
