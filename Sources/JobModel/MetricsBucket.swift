/// The histogram of run times that Sidekiq's dashboard draws.
package enum MetricsBucket {
    /// Upper limits in milliseconds, exclusive; bucket 25, the last, has none.
    package static let limits = [
        20, 30, 45, 65, 100, 150, 225, 335, 500, 750, 1100, 1700, 2500, 3800, 5750, 8500, 13000, 20000, 30000, 45000,
        65000, 100_000, 150_000, 225_000, 335_000,
    ]

    /// How many buckets there are.
    package static let count = 26

    /// The bucket of a run: the first whose limit is greater than its time.
    package static func index(milliseconds: Int) -> Int {
        limits.firstIndex { milliseconds < $0 } ?? limits.count
    }
}
