/// The scenarios, in the order of the table. Limits stand before what they bound.
struct Suite {
    /// How much of everything; what takes about a second on two processors of 2024, or a third of it.
    struct Scale {
        var jobs: Int
        var pythonJobs: Int
        var spawns: Int
        var sleeps: Int
        var latencies: Int
        var idleSeconds: Double

        static let full = Scale(
            jobs: 60_000, pythonJobs: 30_000, spawns: 2_000, sleeps: 5_000, latencies: 200, idleSeconds: 5)
        static let quick = Scale(
            jobs: 20_000, pythonJobs: 10_000, spawns: 600, sleeps: 2_000, latencies: 60, idleSeconds: 2)
    }

    private let scale: Scale

    init(_ scale: Scale) { self.scale = scale }

    /// Those whose name contains the text, and the limits they are compared with.
    func scenarios(matching text: String) -> [Scenario] {
        let wanted = all.filter { text.isEmpty || $0.name.contains(text) }
        let limits = wanted.compactMap { scenario -> String? in
            if case .scenario(let name) = scenario.limit { name } else { nil }
        }
        return all.filter { scenario in wanted.contains { $0.name == scenario.name } || limits.contains(scenario.name) }
    }

    private var all: [Scenario] { noOps + spawning + [sleeping, failing] + latency + [idle] }

    private var noOps: [Scenario] {
        let jobs = scale.jobs
        return [
            Scenario("limit: redis-benchmark LMOVE, 10 clients") { try $0.redisBenchmark(commands: jobs) },
            Scenario("limit: batched moves, C, 1 process") { try $0.moves(jobs, processes: 1, kind: "list") },
            Scenario("limit: batched moves, C, 2 processes") { try $0.moves(jobs, processes: 2, kind: "list") },
            Scenario("limit: batched hash moves, C, 1 process") { try $0.moves(jobs, processes: 1, kind: "hash") },
            Scenario("no-op, serve, C, 1 x 10", limit: .scenario("limit: batched moves, C, 1 process")) {
                try $0.throughput(.init(command: ["./serve"]), jobs: jobs)
            },
            Scenario("no-op, serve, C, 2 x 10", limit: .scenario("limit: batched moves, C, 2 processes")) {
                try $0.throughput(.init(workers: 2, command: ["./serve"]), jobs: jobs)
            },
            Scenario("no-op, serve, C, 1 x 10, AOF", limit: .scenario("no-op, serve, C, 1 x 10")) {
                try $0.throughput(.init(command: ["./serve"]), jobs: jobs, appendOnly: true)
            },
            Scenario("no-op, serve, Python, 2 x 10", limit: .scenario("limit: batched moves, C, 2 processes")) {
                [jobs = scale.pythonJobs] in
                try $0.throughput(.init(workers: 2, command: ["python3", "serve.py"]), jobs: jobs)
            },
        ]
    }

    private var spawning: [Scenario] {
        let jobs = scale.spawns
        return [
            Scenario("limit: posix_spawn with a pipe, C, 2 loops") { try $0.spawnLoops(jobs, loops: 2) },
            Scenario("spawn, static C, 1 x 10", limit: .scenario("limit: posix_spawn with a pipe, C, 2 loops")) {
                try $0.throughput(.init(mode: "spawn", command: ["./spawn"]), jobs: jobs)
            },
        ]
    }

    private var sleeping: Scenario {
        // 50 slots, a hundredth of a second each.
        Scenario("sleep 10 ms, serve, C, 1 x 50", limit: .ideal(50 / 0.01)) { [jobs = scale.sleeps] in
            try $0.throughput(.init(slots: 50, command: ["./serve", "sleep", "0.01"]), jobs: jobs)
        }
    }

    private var failing: Scenario {
        Scenario("all fail, serve, C, 1 x 10", limit: .scenario("no-op, serve, C, 1 x 10")) { [jobs = scale.jobs / 2] in
            try $0.throughput(.init(command: ["./serve", "fail"]), jobs: jobs)
        }
    }

    private var latency: [Scenario] {
        let jobs = scale.latencies
        return [
            Scenario("limit: BLMOVE and a pipe, C, idle") { try $0.bareLatency(jobs) },
            Scenario("push to start, idle, 1 x 10", limit: .scenario("limit: BLMOVE and a pipe, C, idle")) {
                try $0.latency(jobs)
            },
        ]
    }

    private var idle: Scenario {
        Scenario("idle, 1 x 10") { [seconds = scale.idleSeconds] in try $0.idle(seconds: seconds) }
    }
}
