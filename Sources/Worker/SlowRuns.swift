import Configuration

/// Which runs take too long, and when to say so: when a run passes its limit, each time it has doubled its time since, at
/// least once a day, and when it has ended.
///
/// Pure. Asked once a second with the runs past their limits, so that a run that ends in time costs nothing.
struct SlowRuns {
    /// A run past its limit, at one instant.
    struct Sight: Equatable {
        let slot: Int
        /// The number of its reservation: the next run in its slot is another one.
        let sequence: UInt64
        /// How long it has been running.
        let seconds: Double
        /// From when on it is slow.
        let limit: Double
    }

    /// Seconds from which runs are slow, by handler; infinite for never.
    struct Limits {
        private var seconds: [String: Double] = [:]
        /// No run is slow before it.
        private(set) var least = Double.infinity

        init(_ settings: Settings) {
            for handler in settings.handlers {
                let limit = handler.slow ?? settings.slow
                seconds[handler.name] = limit > 0 ? limit : .infinity
                least = min(least, limit > 0 ? limit : .infinity)
            }
        }

        subscript(handler: String) -> Double { seconds[handler] ?? .infinity }
    }

    /// The most told of at once: a database that hangs makes every run slow, and the first lines say it.
    static let mostTold = 20
    private static let longestPause = 86_400.0

    private struct Known {
        let sequence: UInt64
        /// Told again when it has been running for so long.
        var nextSeconds: Double
    }

    /// By slot.
    private var known: [Int: Known] = [:]

    var count: Int { known.count }

    func contains(slot: Int) -> Bool { known[slot] != nil }

    /// - Parameter runs: all that go on and are past their limits.
    /// - Returns: those to be told of now, the oldest first, and how many more there would be.
    mutating func look(at runs: [Sight]) -> (told: [Sight], others: Int) {
        guard !runs.isEmpty || !known.isEmpty else { return ([], 0) }
        let before = known
        known.removeAll(keepingCapacity: true)
        var due: [Sight] = []
        for run in runs {
            if let same = before[run.slot], same.sequence == run.sequence, run.seconds < same.nextSeconds {
                known[run.slot] = same
            } else {
                known[run.slot] = Known(sequence: run.sequence, nextSeconds: Self.next(after: run))
                due.append(run)
            }
        }
        due.sort { ($1.seconds, $0.slot) < ($0.seconds, $1.slot) }
        return (Array(due.prefix(Self.mostTold)), max(0, due.count - Self.mostTold))
    }

    /// - Returns: whether the run that ended in this slot was slow.
    mutating func ended(slot: Int) -> Bool {
        guard !known.isEmpty else { return false }
        return known.removeValue(forKey: slot) != nil
    }

    /// The limit, doubled as often as it takes to come after the run's age: however late we look, the times are the same.
    private static func next(after run: Sight) -> Double {
        var seconds = run.limit
        while seconds <= run.seconds { seconds += min(seconds, longestPause) }
        return seconds
    }
}
