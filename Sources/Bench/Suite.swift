/// The scenarios, in the order of the table. Limits stand before what they bound.
struct Suite {
    let scale: Scale

    /// What the cost of all others is compared with: what Martlet does with Redis for a job, and nothing else.
    static let yardstick = "limit: batched hash moves, C, 1 process"
    static let usual = "no-op, serve, C, 1 x 10"

    init(_ scale: Scale) { self.scale = scale }

    /// Those whose name contains the text, the limits they are compared with, and the yardstick.
    func scenarios(matching text: String) -> [Scenario] {
        let wanted = all.filter { text.isEmpty || $0.name.contains(text) }
        guard !wanted.isEmpty else { return [] }
        var names = Set(wanted.map(\.name) + [Self.yardstick])
        // A limit may have a limit.
        for scenario in all.reversed() where names.contains(scenario.name) {
            if case .scenario(let limit) = scenario.limit { names.insert(limit) }
        }
        return all.filter { names.contains($0.name) }
    }

    private var all: [Scenario] {
        limits + noOps + kits + depths + amounts + distance + spawning + flooding + sleeping + burning + failing
            + schedule
            + latency
            + [idle]
    }

    private var limits: [Scenario] {
        let backlog = Backlog(jobs: scale.jobs)
        return [
            Scenario("limit: redis-benchmark LMOVE, 10 clients") { try $0.redisBenchmark(commands: backlog.jobs) },
            Scenario("limit: batched moves, C, 1 process") { try $0.moves(backlog, processes: 1, kind: "list") },
            Scenario("limit: batched moves, C, 2 processes") { try $0.moves(backlog, processes: 2, kind: "list") },
            // Everything is compared with it, so it takes as long as the others.
            Scenario(Self.yardstick) {
                try $0.moves(Backlog(jobs: 3 * backlog.jobs), processes: 1, kind: "hash")
            },
        ]
    }

    private var noOps: [Scenario] {
        let backlog = Backlog(jobs: scale.jobs)
        let usual = Daemon.Setup(command: ["./serve"])
        let slots = scale.slots
        return [
            Scenario(Self.usual, limit: .scenario("limit: batched moves, C, 1 process")) {
                try $0.throughput(usual, backlog)
            },
            Scenario("no-op, serve, C, 2 x 10", limit: .scenario("limit: batched moves, C, 2 processes")) {
                try $0.throughput(.init(workers: 2, command: ["./serve"]), backlog)
            },
            Scenario("no-op, serve, C, 1 x 10, one process of 10 threads", limit: .scenario(Self.usual)) {
                try $0.throughput(.init(threads: 10, command: ["./serve"]), backlog)
            },
            Scenario("no-op, serve, C, 1 x 10, TCP on loopback", limit: .scenario(Self.usual)) {
                try $0.throughput(.init(command: ["./serve"], way: .loopback), backlog)
            },
            Scenario("no-op, serve, C, 1 x 10, AOF everysec", limit: .scenario(Self.usual)) {
                try $0.throughput(usual, backlog, on: $0.durableServer)
            },
            Scenario("no-op, serve, C, 1 x \(Self.text(slots))", limit: .scenario(Self.usual)) {
                try $0.throughput(.init(slots: slots, command: ["./serve"]), backlog)
            },
            Scenario("no-op, serve, Python, 2 x 10", limit: .scenario("limit: batched moves, C, 2 processes")) {
                [jobs = scale.pythonJobs] in
                try $0.throughput(.init(workers: 2, command: ["python3", "serve.py"]), Backlog(jobs: jobs))
            },
        ]
    }

    /// The same with the kits, whose jobs are functions: what they cost beside a handler of one's own.
    private var kits: [Scenario] {
        KitProgram.installed.map { kit in
            Scenario("no-op, serve, \(kit.name) kit, 2 x 10", limit: .scenario("limit: batched moves, C, 2 processes"))
            {
                [jobs = scale.jobs / kit.slowness] in
                try $0.throughput(.init(workers: 2, command: kit.command), Backlog(jobs: jobs))
            }
        }
    }

    /// The same work with ever more jobs behind it.
    private var depths: [Scenario] {
        let first = Self.waiting(scale.depths[0])
        return scale.depths.map { [jobs = scale.jobs / 3] depth in
            Scenario(Self.waiting(depth), limit: depth == scale.depths[0] ? nil : .scenario(first)) {
                try $0.throughput(
                    .init(command: ["./serve"]), Backlog(jobs: max(depth, jobs)), first: jobs,
                    kept: depth < jobs ? depth : nil)
            }
        }
    }

    private static func waiting(_ depth: Int) -> String { "no-op, serve, C, 1 x 10, \(text(depth)) waiting" }

    /// Much of other things.
    private var amounts: [Scenario] {
        let backlog = Backlog(jobs: scale.jobs)
        let usual = Daemon.Setup(command: ["./serve"])
        let far = Backlog(jobs: scale.depths[scale.depths.count - 1], place: .schedule)
        let large = Backlog(jobs: scale.largeJobs, payloadBytes: 100_000)
        return [
            Scenario("no-op, serve, C, 1 x 10, \(Self.text(far.jobs)) scheduled", limit: .scenario(Self.usual)) {
                try $0.throughput(usual, backlog) { server in
                    // In the year 2096.
                    try far.stage(on: server, score: 4e9)
                    try far.release(on: server)
                }
            },
            Scenario("no-op, serve, C, 1 x 10, 100 queues", limit: .scenario(Self.usual)) {
                try $0.throughput(usual, Backlog(jobs: backlog.jobs, place: .queues(100)))
            },
            Scenario("limit: batched hash moves, C, 1 process, 100 KB") {
                try $0.moves(large, processes: 1, kind: "hash")
            },
            Scenario(
                "no-op, serve, C, 1 x 10, 100 KB", limit: .scenario("limit: batched hash moves, C, 1 process, 100 KB")
            ) { try $0.throughput(usual, large) },
        ]
    }

    private var distance: [Scenario] {
        let backlog = Backlog(jobs: scale.distantJobs)
        let limit = "limit: batched hash moves by 30, C, 1 process, Redis 1 ms away"
        return [
            Scenario(limit) {
                try $0.moves(backlog, processes: 1, kind: "hash", batch: 30, microsecondsAway: 500)
            },
            Scenario("no-op, serve, C, 1 x 10, Redis 1 ms away", limit: .scenario(limit)) {
                try $0.throughput(.init(command: ["./serve"]), backlog, microsecondsAway: 500)
            },
        ]
    }

    static func text(_ number: Int) -> String {
        var digits = Array(String(number))
        for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: place) }
        return String(digits)
    }
}
