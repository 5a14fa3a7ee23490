/// What is claimed, in the order of the table.
enum InsightSuite {
    static func claims(_ sweep: Sweep) -> [Claim] {
        [
            Claim(name: "I/O share, serve, threads: 1", target: "within 2 points") {
                try $0.shares(Rig.truth(slots: 2), within: 2, $1)
            },
            Claim(name: "I/O share, spawn", target: "within 2 points") {
                // Making a process is part of such a run, and computes for half a millisecond.
                try $0.shares(Rig.truth(slots: 2, mode: "spawn"), of: 100_000, within: 2, $1)
            },
            Claim(name: "I/O share, serve, threads: 4", target: "within 5 points") {
                try $0.shares(Rig.truth(slots: 4, threads: 4), within: 5, $1)
            },
            Claim(name: "advised concurrency", target: "at least 95 % of the best of a sweep") {
                try $0.advised(sweep, $1)
            },
            Claim(name: "concurrency: auto", target: "at least 95 % of it after 60 s, within one step") {
                try $0.automatic(sweep, $1)
            },
            Claim(name: "cliffs of 300 MB", target: "all named, no other") { try $0.cliffs($1) },
            Claim(name: "false alarms", target: "none") { try $0.falseAlarms($1) },
        ]
    }
}
