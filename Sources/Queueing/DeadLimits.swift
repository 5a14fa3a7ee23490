/// What the dead set keeps; the rest is forgotten whenever a job is buried.
package struct DeadLimits: Equatable, Sendable {
    /// The newest so many.
    package var jobs: Int
    /// None buried longer ago than this.
    package var seconds: Int

    /// 10,000 jobs and 180 days are Sidekiq's.
    package init(jobs: Int = 10_000, seconds: Int = 180 * 86_400) {
        self.jobs = jobs
        self.seconds = seconds
    }
}
