/// Jobs that take their time, fail, or are late.
extension Suite {
    var spawning: [Scenario] {
        let jobs = scale.spawns
        let limit = "limit: posix_spawn with a pipe, C, \(Machine.processors) loops"
        return [
            Scenario(limit) { try $0.spawnLoops(jobs, loops: Machine.processors) },
            Scenario("spawn, static C, 1 x 10", limit: .scenario(limit)) {
                try $0.throughput(.init(mode: "spawn", command: ["./spawn"]), Backlog(jobs: jobs))
            },
        ]
    }

    var sleeping: [Scenario] {
        // So many slots, a hundredth of a second each.
        [10, 50].map { [jobs = scale.sleeps] slots in
            Scenario("sleep 10 ms, serve, C, 1 x \(slots)", limit: .ideal(Double(slots) / 0.01)) {
                try $0.throughput(
                    .init(slots: slots, command: ["./serve", "sleep", "0.01"]), Backlog(jobs: jobs * slots / 50))
            }
        }
    }

    /// The usual work while another handler prints as fast as it can.
    var flooding: [Scenario] {
        let backlog = Backlog(jobs: scale.jobs)
        let setup = Daemon.Setup(
            slots: 11, command: ["./serve"],
            more: "  flood: { command: [/usr/bin/yes, a line of a flood that does not end], classes: [FloodJob] }")
        let flood = #"{"class":"FloodJob","args":[],"jid":"f100d0000000000000000000","queue":"default","retry":false}"#
        return [
            Scenario("no-op, serve, C, 1 x 10, beside a flood of output", limit: .scenario(Self.usual)) {
                try $0.throughput(setup, backlog) { server in try server.call("LPUSH", "queue:default", flood) }
            }
        ]
    }

    var burning: [Scenario] {
        let jobs = scale.burns
        let limit = "limit: 2 ms of processor time, C, \(Machine.processors) loops"
        return [
            Scenario(limit) { try $0.burning(jobs, seconds: 0.002) },
            Scenario("2 ms of processor time, serve, C, 2 x 10", limit: .scenario(limit)) {
                try $0.throughput(.init(workers: 2, command: ["./serve", "burn", "0.002"]), Backlog(jobs: jobs))
            },
        ]
    }

    var failing: [Scenario] {
        let jobs = scale.jobs / 2
        return [
            Scenario("all fail, serve, C, 1 x 10", limit: .scenario(Self.usual)) {
                try $0.throughput(.init(command: ["./serve", "fail"]), Backlog(jobs: jobs))
            },
            Scenario("retries due at once, serve, C, 1 x 10", limit: .scenario(Self.usual)) {
                try $0.throughput(.init(command: ["./serve"]), Backlog(jobs: jobs, place: .retry))
            },
        ]
    }

    var schedule: [Scenario] {
        let due = scale.due
        let seconds = scale.lateSeconds
        return [
            Scenario("\(Self.text(due)) due at once, only promoted") { try $0.promotion(due) },
            Scenario("\(Self.text(due)) due at once, serve, C, 1 x 10", limit: .scenario(Self.usual)) {
                try $0.throughput(.init(command: ["./serve"]), Backlog(jobs: due, place: .schedule))
            },
            Scenario("due to start, 100 a second, 1 x 10") { try $0.lateness(Int(seconds * 100), perSecond: 100) },
        ]
    }

    var latency: [Scenario] {
        let jobs = scale.latencies
        return [
            Scenario("limit: BLMOVE and a pipe, C, idle") { try $0.bareLatency(jobs) },
            Scenario("push to start, idle, 1 x 10", limit: .scenario("limit: BLMOVE and a pipe, C, idle")) {
                try $0.latency(jobs)
            },
        ]
    }

    var idle: Scenario {
        Scenario("idle, 1 x 10") { [seconds = scale.idleSeconds] in try $0.idle(seconds: seconds) }
    }
}
