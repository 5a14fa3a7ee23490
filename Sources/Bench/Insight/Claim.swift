/// Something the product says of itself, and how it is put to the test: handlers whose cost is known.
struct Claim {
    let name: String
    /// What is to be reached, in words.
    let target: String
    let measure: (Rig, InsightScale) throws -> Finding
}

/// What a test of a claim came to.
struct Finding {
    /// In words, with figures.
    let measured: String
    let isReached: Bool
}

/// How much of it is done.
struct InsightScale {
    /// Runs of each share of I/O.
    var runs: Int
    /// How long each point of a sweep is measured.
    var sweepSeconds: Double
    /// Shares of I/O in per cent whose best concurrency is looked for.
    var sweptShares: [Int]
    /// How long `auto` may take to get there, and is watched from then on.
    var autoSeconds: Double
    var watchSeconds: Double
    var autoShares: [Int]
    var cliffs: Int
    var quietRuns: Int

    static let full = InsightScale(
        runs: 200, sweepSeconds: 2, sweptShares: [0, 50, 75, 90, 97], autoSeconds: 60, watchSeconds: 30,
        autoShares: [0, 50, 75, 90, 97], cliffs: 20, quietRuns: 100_000)
    static let quick = InsightScale(
        runs: 50, sweepSeconds: 1, sweptShares: [0, 90], autoSeconds: 60, watchSeconds: 10, autoShares: [90],
        cliffs: 5, quietRuns: 10_000)
}
