package import JobModel
package import Platform
import Queueing

/// How far one run has come that does its job element by element, as far as we know it, and what it has been told.
package struct Iteration: Sendable {
    /// Between two writes to Redis, in seconds: Sidekiq's. The end of a run writes at once.
    static let writeSeconds = 5.0

    private enum Stage {
        /// The run waits to be told where to go on.
        case unread
        case reading
        /// Redis refused to say it; it is asked again then.
        case refused(until: MonotonicTime)
        case told
    }

    /// What the run has been told to do, the last thing.
    private enum Order: Comparable {
        case goOn, stop, cancel
    }

    let jid: String
    private var stage = Stage.unread
    private var order = Order.goOn
    private var state = IterationState()
    /// Further than Redis may know: children that were pushed before it are not there yet.
    private var ahead: [UInt8]?
    /// Of this run.
    private var since = MonotonicTime.never
    /// When it came to its first element: what it may take counts from there, so that each run does at least one.
    private var begunAt = MonotonicTime.never
    private var writtenAt = MonotonicTime.never
    private var isWriting = false
    /// When Redis said that it was cancelled, in seconds since 1970; nil if it did not.
    private var cancelledAt: Int?

    package init(jid: String) { self.jid = jid }

    /// Whether it knows where it began.
    package var isTold: Bool { if case .told = stage { true } else { false } }

    /// Whether Redis is to be asked where it goes on.
    func shouldRead(at now: MonotonicTime) -> Bool {
        switch stage {
        case .unread: true
        case .refused(let until): now >= until
        case .reading, .told: false
        }
    }

    /// As it is to lie in Redis now; nil before it has begun.
    package func state(at now: MonotonicTime) -> IterationState? {
        guard isTold else { return nil }
        var state = state
        // Milliseconds do.
        state.runtimeSeconds = ((state.runtimeSeconds + now.seconds(since: since)) * 1000).rounded() / 1000
        return state
    }

    /// What becomes of it with the verdict about its job.
    func settled(by verdict: Verdict, at now: MonotonicTime) -> SettledIteration? {
        switch verdict {
        case .ack, .discard: .ended(jid: jid)
        case .retry, .retryUnlessPoison, .bury, .requeue, .suspend, .snooze:
            state(at: now).map { .kept(jid: jid, $0) }
        }
    }

    func shouldWrite(at now: MonotonicTime) -> Bool { isTold && !isWriting && now >= nextWrite }

    private var nextWrite: MonotonicTime { writtenAt.advanced(bySeconds: Self.writeSeconds) }

    /// When something is to be done with it although nothing happens.
    ///
    /// - Parameter longest: seconds that a run of it may take; nil for any number.
    func times(longest: Double?) -> [MonotonicTime] {
        switch stage {
        case .unread, .reading: return []
        case .refused(let until): return [until]
        case .told:
            var times = isWriting ? [] : [nextWrite]
            if let end = end(longest), order == .goOn { times.append(end) }
            return times
        }
    }

    private func end(_ longest: Double?) -> MonotonicTime? {
        guard let longest, begunAt < .never else { return nil }
        return begunAt.advanced(bySeconds: longest)
    }

    /// What the run is to be told next.
    ///
    /// - Parameters:
    ///   - isUnwanted: this process is to have no run of it any more.
    ///   - longest: seconds that it may take; nil for any number.
    mutating func nextOrder(isUnwanted: Bool, longest: Double?, at now: MonotonicTime) -> IterationMessage? {
        guard isTold else { return nil }
        if let cancelledAt, order < .cancel {
            order = .cancel
            return .interrupt(cancelledAt: cancelledAt)
        }
        guard order == .goOn, isUnwanted || end(longest).map({ now >= $0 }) == true else { return nil }
        order = .stop
        return .interrupt(cancelledAt: nil)
    }

    // MARK: What happens

    mutating func read() { stage = .reading }

    /// Redis did not say where to go on.
    mutating func readRefused(until time: MonotonicTime) { if !isTold { stage = .refused(until: time) } }

    /// Redis has said where to go on: the run is told so.
    mutating func begin(_ record: IterationRecord?, at now: MonotonicTime) -> IterationMessage {
        stage = .told
        state = record?.state ?? IterationState()
        state.executions += 1
        (since, writtenAt) = (now, now)
        if record?.cancelledAt != nil { order = .cancel }
        return .goOn(state, cancelledAt: record?.cancelledAt)
    }

    /// The run is before this element.
    ///
    /// - Parameter hasChildrenOnTheirWay: what it pushed before is not all in Redis.
    mutating func come(to cursor: [UInt8], hasChildrenOnTheirWay: Bool, at now: MonotonicTime) {
        begunAt = min(begunAt, now)
        ahead = hasChildrenOnTheirWay ? cursor : nil
        if !hasChildrenOnTheirWay { state.cursor = cursor }
    }

    /// All that it has pushed is in Redis.
    mutating func catchUp() {
        if let ahead { state.cursor = ahead }
        ahead = nil
    }

    /// Children that it has pushed were dropped: it goes on from where they are pushed again.
    mutating func fallBack() { ahead = nil }

    mutating func write() { isWriting = true }

    mutating func written(cancelledAt: Int?, at now: MonotonicTime) {
        (isWriting, writtenAt) = (false, now)
        if let cancelledAt { self.cancelledAt = cancelledAt }
    }

    /// The connection is gone: what was asked on it is asked again.
    mutating func lose() {
        if case .reading = stage { stage = .unread }
        isWriting = false
    }
}
