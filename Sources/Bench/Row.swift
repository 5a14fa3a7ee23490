/// One scenario's line of the table: medians of its samples. Nil is what the scenario does not measure.
struct Row: Encodable {
    let name: String
    let jobsPerSecond, slowest, fastest: Double?
    let workerMicroseconds, handlerMicroseconds, redisMicroseconds: Double?
    let latencyP50Milliseconds, latencyP99Milliseconds: Double?
    let treeMegabytes, workerMegabytes: Double?
    let workerPercent, callsPerSecond: Double?
    let ratio, cost: Double?

    init(_ name: String, _ samples: [Sample]) {
        func median(_ value: (Sample) -> Double?) -> Double? { samples.compactMap(value).median }
        let latencies = samples.flatMap(\.latencies)
        self.name = name
        jobsPerSecond = median(\.jobsPerSecond)
        slowest = samples.compactMap(\.jobsPerSecond).min()
        fastest = samples.compactMap(\.jobsPerSecond).max()
        workerMicroseconds = median(\.workerMicroseconds)
        handlerMicroseconds = median(\.handlerMicroseconds)
        redisMicroseconds = median(\.redisMicroseconds)
        latencyP50Milliseconds = latencies.quantile(0.5)
        latencyP99Milliseconds = latencies.quantile(0.99)
        treeMegabytes = median(\.treeMegabytes)
        workerMegabytes = median(\.workerMegabytes)
        workerPercent = median(\.workerPercent)
        callsPerSecond = median(\.callsPerSecond)
        ratio = median(\.ratio)
        cost = median(\.cost)
    }

    /// A figure of the table: what stands above it, and how many decimals it is shown with.
    private static let columns: [(head: String, value: @Sendable (Row) -> Double?, decimals: Int)] = [
        ("jobs/s", \.jobsPerSecond, 0), ("min", \.slowest, 0), ("max", \.fastest, 0),
        ("worker", \.workerMicroseconds, 1), ("handler", \.handlerMicroseconds, 1), ("Redis", \.redisMicroseconds, 1),
        ("p50 ms", \.latencyP50Milliseconds, 3), ("p99 ms", \.latencyP99Milliseconds, 3),
        ("PSS MB", \.treeMegabytes, 1), ("worker MB", \.workerMegabytes, 1), ("of limit", \.ratio, 2),
        ("cost", \.cost, 1), ("CPU %", \.workerPercent, 2), ("calls/s", \.callsPerSecond, 1),
    ]

    static var heads: [String] { [""] + columns.map(\.head) }
    var cells: [String] { [name] + Self.columns.map { Self.text($0.value(self), $0.decimals) } }

    /// With so many decimals, an empty text for nil.
    private static func text(_ value: Double?, _ decimals: Int) -> String {
        guard let value else { return "" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let units = Int((value * scale).rounded())
        guard decimals > 0 else { return "\(units)" }
        let fraction = "\(units.magnitude % UInt(scale))"
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return "\(units < 0 ? "-" : "")\(units.magnitude / UInt(scale)).\(zeros)\(fraction)"
    }
}
