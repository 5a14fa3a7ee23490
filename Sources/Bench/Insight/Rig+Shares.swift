/// Whether the share of I/O that is measured is the true one.
extension Rig {
    /// Jobs of which a known share is waiting, one class for each.
    ///
    /// - Parameter microseconds: how long each job takes.
    func shares(
        _ setup: Daemon.Setup, of microseconds: Int = 20_000, within points: Double, _ scale: InsightScale
    ) throws -> Finding {
        let truths = [0, 25, 50, 75, 90, 97, 99]
        var found: [String] = []
        var worst = 0.0
        for truth in truths {
            let work = Work(share: truth, microseconds: microseconds)
            let report = try withDaemon(setup, server) { daemon in
                try work.push(0..<scale.runs, on: server)
                try wait(until: scale.runs, daemon, server)
                return try advice(after: scale.runs, daemon)
            }
            guard let share = report.ioShare(of: work.jobClass) else {
                return Finding(measured: "no share for \(truth) %", isReached: false)
            }
            worst = max(worst, abs(share * 100 - Double(truth)))
            found.append("\(truth): \(Self.decimal(share * 100))")
        }
        return Finding(
            measured: "off by \(Self.decimal(worst)) points at most (\(found.joined(separator: ", ")))",
            isReached: worst <= points)
    }

    static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths < 0 ? "-" : "")\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
    }
}
