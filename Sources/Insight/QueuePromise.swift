/// Whether a queue keeps what was promised of it: that no job waits for longer than so long.
package struct QueuePromise: Sendable {
    package enum News: Equatable, Sendable {
        /// The job that is fetched next has waited for so many seconds, which is longer than was promised.
        case broken(latency: Double)
        /// It was broken for so many seconds; the longest wait that was seen in that time.
        case kept(afterSeconds: Double, worst: Double)
    }

    /// It is kept again when it has been for so many seconds: a queue at the verge is not told of again and again.
    package static let calmSeconds = 10.0

    /// Seconds.
    package let promised: Double
    private var brokenAt: Double?
    private var calmSince: Double?
    private var worst = 0.0

    /// - Parameter promised: seconds, more than 0.
    package init(promised: Double) { self.promised = promised }

    package var isBroken: Bool { brokenAt != nil }

    /// Takes in how long the job that is fetched next has waited; nil for an empty queue.
    ///
    /// - Parameter seconds: of a clock that never goes back.
    package mutating func look(latency: Double?, seconds: Double) -> News? {
        let latency = latency ?? 0
        if latency > promised {
            calmSince = nil
            worst = max(worst, latency)
            guard brokenAt == nil else { return nil }
            brokenAt = seconds
            return .broken(latency: latency)
        }
        guard let since = brokenAt else { return nil }
        let calm = calmSince ?? seconds
        calmSince = calm
        guard seconds - calm >= Self.calmSeconds else { return nil }
        defer { (brokenAt, calmSince, worst) = (nil, nil, 0) }
        return .kept(afterSeconds: seconds - since, worst: worst)
    }
}
