/// How often and after what delays failed jobs run again, unless they say so themselves.
package struct RetryPolicy: Equatable, Sendable {
    /// Longest delay in seconds, some 31 years. Sidekiq allows no longer `retry_for`; it keeps scores readable whatever
    /// a payload says.
    package static let longestDelay: Double = 1_000_000_000

    /// For jobs whose `retry` is true or missing; 25 retries take about 20 days.
    package var maximumRetries = 25

    /// When retrying is given up because the job kills whatever runs it.
    package var poison = PoisonLimit()

    /// In whose form the times of a failure are written.
    package var sidekiq: SidekiqMajor

    package init(
        maximumRetries: Int = 25, poison: PoisonLimit = PoisonLimit(), sidekiq: SidekiqMajor = .eight
    ) {
        self.maximumRetries = maximumRetries
        self.poison = poison
        self.sidekiq = sidekiq
    }

    /// Seconds from a failure to the next run, without jitter: count⁴ + 15.
    ///
    /// - Parameter count: the job's `retry_count` after this failure, so 0 for the first.
    package func delay(beforeRetry count: Int) -> Double {
        let count = Double(max(0, count))
        return Self.bounded(count * count * count * count + 15)
    }

    /// The jitter is less than this many seconds: 10 · (count + 1).
    package func jitterSpan(_ count: Int) -> Double { 10 * (Double(max(0, count)) + 1) }

    /// A number of seconds that can be waited for: NaN and negative ones are none.
    static func bounded(_ seconds: Double) -> Double { seconds > 0 ? min(seconds, longestDelay) : 0 }
}
