/// What the supervisor is to keep running: the outcome of one reading of the configuration.
package struct Plan: Sendable {
    /// Of workers all that there may be.
    package let children: [ChildSpec]
    /// Between how many workers the scheduler may choose; nil if all of them always run. At least 1.
    package let workers: ClosedRange<Int>?
    /// The settings as JSON. Every child of one generation reads this very text on descriptor 4, so that a file edited
    /// while children start cannot give two of them two configurations.
    package let settings: [UInt8]
    /// Seconds that a stop waits for running jobs.
    package let stopTimeout: Double

    package init(children: [ChildSpec], workers: ClosedRange<Int>? = nil, settings: [UInt8], stopTimeout: Double) {
        self.children = children
        self.workers = workers
        self.settings = settings
        self.stopTimeout = stopTimeout
    }
}

extension Plan {
    /// The children to run if so many workers are wanted: the first of them, within the bounds.
    func children(wanting count: Int) -> [ChildSpec] {
        guard let workers else { return children }
        let count = min(max(count, workers.lowerBound), workers.upperBound)
        return children.filter { $0.role != .worker || $0.index < count }
    }
}

/// What the children started from one plan have in common.
struct Generation: Equatable, Sendable {
    /// 0 at the start of the service, one more for each plan made since.
    let number: Int
    let settings: [UInt8]
    /// Seconds.
    let stopTimeout: Double

    init(_ number: Int, of plan: Plan) {
        self.number = number
        settings = plan.settings
        stopTimeout = plan.stopTimeout
    }
}
