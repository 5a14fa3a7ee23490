import Platform

/// What a preloader says that nobody waits for. A newer kit may say a little that is not known; more is a flood.
struct ForkSurplus {
    /// Messages within `seconds`.
    static let most = 1000
    static let seconds = 10.0

    private var since: MonotonicTime?
    private var count = 0

    mutating func add(at now: MonotonicTime) throws(ProtocolViolation) {
        if let since, now.seconds(since: since) < Self.seconds {
            count += 1
        } else {
            since = now
            count = 1
        }
        if count > Self.most { throw ProtocolViolation("floods its control socket with what it was not asked") }
    }
}
