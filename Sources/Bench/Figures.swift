/// What a scenario comes to at its best, divided by what its limit comes to at its best in the same run.
///
/// Other work on the machine makes a sample slower and never faster, so the best of several says most about the program.
/// Jobs/s on one machine say nothing about another, hence the division.
struct Figures: Codable, Equatable {
    /// Jobs/s of that of the limit, or the median latency of that of the limit.
    var ofLimit: Double?
    /// Processor time of worker and Redis per job, of that of the yardstick.
    var cost: Double?
    /// Calls to Redis per second, of a daemon at rest.
    var calls: Double?

    init?(_ samples: [Sample], limit: Scenario.Limit?, among all: [String: [Sample]]) {
        let others: [Sample]
        switch limit {
        case .ideal(let rate): others = [Sample(jobsPerSecond: rate)]
        case .scenario(let name): others = all[name] ?? []
        case nil: others = []
        }
        ofLimit = Self.ratio(samples.compactMap(\.jobsPerSecond).max(), others.compactMap(\.jobsPerSecond).max())
        if ofLimit == nil {
            ofLimit = Self.ratio(
                samples.compactMap(\.latencies.median).min(), others.compactMap(\.latencies.median).min())
        }
        cost = Self.ratio(
            samples.compactMap(\.cpuMicroseconds).min(), all[Suite.yardstick]?.compactMap(\.cpuMicroseconds).min())
        calls = Self.ratio(samples.compactMap(\.callsPerSecond).min(), 1)
        if ofLimit == nil, cost == nil, calls == nil { return nil }
    }

    /// To three decimals, which is more than is meant.
    private static func ratio(_ value: Double?, _ limit: Double?) -> Double? {
        guard let value, let limit, limit > 0 else { return nil }
        return (value / limit * 1000).rounded() / 1000
    }
}
