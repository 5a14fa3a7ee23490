package import JobModel
package import Queueing

extension WorkerState {
    /// What a worker is told once.
    package struct Terms: Sendable {
        /// A set of queues, and how many slots it has.
        package struct Capsule: Sendable {
            package let slots: Int
            package let order: QueueOrder

            package init(slots: Int, order: QueueOrder) {
                self.slots = slots
                self.order = order
            }
        }

        package let identity: String
        /// Never empty. The number of slots of the first may be limited.
        package let capsules: [Capsule]
        package let policy: RetryPolicy
        package let deadLimits: DeadLimits
        package let payloadLimits: PayloadLimits
        /// Streamed children wait while their queue holds so many jobs; 0 for no limit.
        package let childrenWaiting: Int
        /// Seconds after which a run that iterates makes room for others; nil for never.
        package let iterationSeconds: Double?
        package let tuning: Tuning

        package init(
            identity: String, capsules: [Capsule], policy: RetryPolicy, deadLimits: DeadLimits,
            payloadLimits: PayloadLimits = PayloadLimits(), childrenWaiting: Int = 0,
            iterationSeconds: Double? = nil, tuning: Tuning = Tuning()
        ) {
            self.identity = identity
            self.capsules = capsules
            self.policy = policy
            self.deadLimits = deadLimits
            self.payloadLimits = payloadLimits
            self.childrenWaiting = childrenWaiting
            self.iterationSeconds = iterationSeconds
            self.tuning = tuning
        }

        /// Of all capsules.
        package var slots: Int { capsules.reduce(0) { $0 + $1.slots } }
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
