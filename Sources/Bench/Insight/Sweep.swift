/// How many jobs of each kind a second are done with each number of slots; measured once, asked for by several.
final class Sweep {
    struct Best {
        var slots = 0
        /// Jobs a second.
        var rate = 0.0
    }

    /// Jobs of 10 ms, so that the daemon's own work is small beside them.
    static func work(share: Int) -> Work { Work(share: share, microseconds: 10_000) }

    private static let points = [2, 3, 5, 7, 10, 14, 20, 28, 40, 56, 80, 113, 128]

    private let rig: Rig
    private let seconds: Double
    /// By share of I/O in per cent.
    private var known: [Int: Best] = [:]

    /// - Parameter seconds: how long each point is measured.
    init(_ rig: Rig, seconds: Double) {
        self.rig = rig
        self.seconds = seconds
    }

    func best(share: Int) throws -> Best {
        if let best = known[share] { return best }
        var best = Best()
        for slots in Self.points {
            let rate = try rate(share: share, slots: slots)
            if rate > best.rate { best = Best(slots: slots, rate: rate) }
        }
        known[share] = best
        return best
    }

    func rate(share: Int, slots: Int) throws -> Double {
        try rig.rate(of: Self.work(share: share), Rig.truth(slots: slots), seconds: seconds)
    }
}
