package import JobModel
package import Queueing

extension WorkerState {
    /// What a worker is told once.
    package struct Terms: Sendable {
        package let identity: String
        package let slots: Int
        package let order: QueueOrder
        package let policy: RetryPolicy
        package let deadLimits: DeadLimits
        package let payloadLimits: PayloadLimits
        /// Streamed children wait while their queue holds so many jobs; 0 for no limit.
        package let childrenWaiting: Int
        package let tuning: Tuning

        package init(
            identity: String, slots: Int, order: QueueOrder, policy: RetryPolicy, deadLimits: DeadLimits,
            payloadLimits: PayloadLimits = PayloadLimits(), childrenWaiting: Int = 0, tuning: Tuning = Tuning()
        ) {
            self.identity = identity
            self.slots = slots
            self.order = order
            self.policy = policy
            self.deadLimits = deadLimits
            self.payloadLimits = payloadLimits
            self.childrenWaiting = childrenWaiting
            self.tuning = tuning
        }
    }

    /// Numbers that make a worker fast. It has to be right with any, which simulations try.
    package struct Tuning: Equatable, Sendable {
        /// The most that one exchange settles, and the most it fetches: 1 to `Exchange.most`.
        package var exchangeLimit = Exchange.most
        /// A job that is fetched ahead should start within so many seconds: if Redis is near, and at the most.
        package var prefetchSeconds = Prefetch.shortestHorizonSeconds...Prefetch.longestHorizonSeconds
        /// A job that waited this many seconds for a slot goes back to its queue: the guess was wrong.
        package var patienceSeconds = Prefetch.patienceSeconds
        /// Exchanges in a row that brought all that was asked for, after which being told of pushes is only noise.
        package var busyAfterFullFetches = 16
        /// How long a settlement that could not be written waits before it is tried again, in seconds.
        package var blockedSeconds = 2.0

        package init() {}
    }
}
