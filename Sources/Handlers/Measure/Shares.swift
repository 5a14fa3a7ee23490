import Platform

/// Shares out what a process uses over the runs that go on in it, in proportion to time and to weights.
///
/// It keeps one integral: what a run of weight 1 would have got, had it gone on since the beginning. A run's share is the
/// difference between its end and its beginning, so that nothing is to be done for the runs that go on meanwhile. With one
/// run at a time the share is the whole.
struct Shares {
    /// What a process has used since it began.
    struct Use: Equatable {
        /// Seconds.
        var cpu = 0.0
        /// Waiting for a core, in seconds.
        var wait = 0.0
    }

    /// Of a run of weight 1 that has been going on for ever.
    private(set) var whole = Use()
    private var last: (use: Use, at: MonotonicTime)?
    /// The weights of the runs that go on, and how many they are.
    private var weight = 0.0
    private(set) var running = 0
    /// The weights times seconds since the last reading, up to `summedAt`.
    private var weightSeconds = 0.0
    private var summedAt = MonotonicTime(nanoseconds: 0)

    mutating func begin(weight: Double, at now: MonotonicTime) {
        sum(to: now)
        self.weight += weight
        running += 1
    }

    mutating func end(weight: Double, at now: MonotonicTime) {
        sum(to: now)
        running -= 1
        self.weight = running == 0 ? 0 : max(0, self.weight - weight)
    }

    /// Takes in a reading.
    mutating func read(_ use: Use, at now: MonotonicTime) {
        sum(to: now)
        if let last, weightSeconds > 0 {
            let share = now.seconds(since: last.at) / weightSeconds
            whole.cpu += (use.cpu - last.use.cpu) * share
            whole.wait += (use.wait - last.use.wait) * share
        }
        last = (use, now)
        weightSeconds = 0
    }

    /// A run begins so soon after the last reading that this counts as one of now.
    ///
    /// - Precondition: no run goes on.
    mutating func reuse(at now: MonotonicTime) { last?.at = now }

    /// How old the last reading is, in seconds; infinite before the first.
    func age(at now: MonotonicTime) -> Double { last.map { now.seconds(since: $0.at) } ?? .infinity }

    private mutating func sum(to now: MonotonicTime) {
        if weight > 0 { weightSeconds += weight * max(0, now.seconds(since: summedAt)) }
        summedAt = now
    }
}
