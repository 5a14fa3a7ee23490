package import JobModel

/// One attempt at one job, in one slot.
package struct Run: Sendable {
    /// The slot it occupies, 0 ..< slots; a slot holds at most one run.
    package let slot: Int
    /// Unique for the life of this process: handlers name the run by it, so a late answer cannot reach the next run.
    package let number: Int
    package let job: Job
    /// The queue it was fetched from, which the payload need not name.
    package let queue: QueueName
    /// No retry is left if it fails, as far as can be known; the handler is told.
    package let isLast: Bool

    package init(slot: Int, number: Int, job: Job, queue: QueueName, isLast: Bool = false) {
        self.slot = slot
        self.number = number
        self.job = job
        self.queue = queue
        self.isLast = isLast
    }
}
