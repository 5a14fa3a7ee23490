/// Whether greedy runs are named, and no others.
extension Rig {
    func cliffs(_ scale: InsightScale) throws -> Finding {
        let quiet = Work("QuietJob", sleep: 200, burn: 200, peak: 4096)
        let greedy = Work("GreedyJob", sleep: 1000, keep: 300 << 10)
        let planted = Set((0..<scale.cliffs).map(greedy.jid))
        // What a greedy run keeps goes with its process.
        let setup = Self.truth(more: "    max_memory: 200MB")
        let named = try withDaemon(setup, server) { daemon in
            for cliff in 0..<scale.cliffs {
                try quiet.push(cliff * 100..<cliff * 100 + 100, on: server, random: true)
                try greedy.push(cliff..<cliff + 1, on: server)
            }
            try wait(until: 101 * scale.cliffs, daemon, server)
            // What is found at the end of a process may come a moment after its last run.
            var named: [AdviceReport.Cliff] = []
            try? patience.wait(for: "\(planted.count) cliffs", limit: 15) {
                named = try advice(after: 101 * scale.cliffs, daemon).cliffs
                if named.count < planted.count { try patience.wait(seconds: 0.5) }
                return named.count >= planted.count
            }
            return named
        }
        let right = Set(named.compactMap(\.jid)).intersection(planted).count
        let wrong = named.count { $0.class != greedy.jobClass }
        return Finding(
            measured: "\(right) of \(planted.count) named, \(wrong) others",
            isReached: right == planted.count && wrong == 0)
    }

    func falseAlarms(_ scale: InsightScale) throws -> Finding {
        let quiet = Work("QuietJob", burn: 20, peak: 4096)
        let alarms = try withDaemon(Self.truth(), server) { daemon in
            try quiet.push(0..<scale.quietRuns, on: server, random: true)
            try wait(until: scale.quietRuns, daemon, server)
            return try advice(after: scale.quietRuns, daemon).cliffs.count
        }
        return Finding(measured: "\(alarms) in \(Suite.text(scale.quietRuns)) runs", isReached: alarms == 0)
    }
}
