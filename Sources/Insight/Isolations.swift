/// Which classes are kept apart, as one worker knows it: what it saw itself, and what the list says that all share.
///
/// The list is read in rounds, numbered from 1. What this worker changed is written with the next round, before the list is
/// read; until an answer can know of it, it counts more than the answer.
package struct Isolations<Name: Hashable & Sendable>: Sendable {
    package enum Change: Equatable, Sendable {
        case begun(Name, Isolation)
        /// It behaved for so many runs.
        case behaved(Name, Isolation, runs: Int)
        /// Another worker or an operator took it off the list.
        case released(Name, Isolation)
    }

    package enum Write: Equatable, Sendable {
        /// - Parameter isNew: it was not on the list as far as we know.
        case put(Name, Isolation, isNew: Bool)
        case remove(Name)
    }

    private struct Ward {
        var isolation: Isolation
        /// In a row without a cliff, seen here.
        var goodRuns = 0
    }

    private var wards: [Name: Ward] = [:]
    private var past: [Name: Int] = [:]
    /// The first round whose answer can know what we changed.
    private var knownFrom: [Name: Int] = [:]
    private var writes: [Name: Write] = [:]
    private var round = 0

    package init() {}

    package var isEmpty: Bool { wards.isEmpty }

    package subscript(name: Name) -> Isolation? { wards[name]?.isolation }

    // MARK: What happens here

    /// A run of it left memory behind.
    ///
    /// - Parameters:
    ///   - reason: what it did, for people.
    ///   - at: milliseconds since the epoch.
    /// - Returns: nil if it is kept apart already.
    package mutating func cliff(
        of name: Name, handler: String, reason: String, host: String, at: Int64
    ) -> Change? {
        if var ward = wards[name] {
            ward.goodRuns = 0
            ward.isolation.lastCliff = at
            wards[name] = ward
            let isNew = if case .put(_, _, isNew: true) = writes[name] { true } else { false }
            writes[name] = .put(name, ward.isolation, isNew: isNew)
            return nil
        }
        let isolation = Isolation(
            handler: handler, since: at, reason: reason, host: host, times: past[name, default: 0] + 1, lastCliff: at)
        past[name] = isolation.times
        wards[name] = Ward(isolation: isolation)
        note(.put(name, isolation, isNew: true), of: name)
        return .begun(name, isolation)
    }

    /// A run of it ended, and its memory was measured.
    ///
    /// - Returns: nil unless it has now behaved for long enough.
    package mutating func ran(_ name: Name, behaved: Bool) -> Change? {
        guard var ward = wards[name] else { return nil }
        ward.goodRuns = behaved ? ward.goodRuns + 1 : 0
        wards[name] = ward
        guard ward.goodRuns >= ward.isolation.runsToRelease else { return nil }
        wards[name] = nil
        note(.remove(name), of: name)
        return .behaved(name, ward.isolation, runs: ward.goodRuns)
    }

    private mutating func note(_ write: Write, of name: Name) {
        writes[name] = write
        knownFrom[name] = round + 1
    }

    // MARK: The list

    /// Begins a round.
    ///
    /// - Returns: its number, and what is to be written before the list is read.
    package mutating func nextRound() -> (number: Int, writes: [Write]) {
        round += 1
        defer { writes = [:] }
        return (round, Array(writes.values))
    }

    /// The connection was lost: who knows what was written. What we hold is written again.
    package mutating func lostTouch() {
        for (name, ward) in wards where knownFrom[name] != nil {
            note(.put(name, ward.isolation, isNew: false), of: name)
        }
    }

    /// The list as a round found it.
    ///
    /// - Parameter times: how often classes were ever on it.
    package mutating func heard(_ list: [Name: Isolation], times: [Name: Int], round: Int) -> [Change] {
        past.merge(times) { max($0, $1) }
        let settled = knownFrom.filter { $0.value <= round }
        for name in settled.keys { knownFrom[name] = nil }
        var changes: [Change] = []
        for (name, listed) in list where knownFrom[name] == nil {
            if var ward = wards[name] {
                if listed.lastCliff > ward.isolation.lastCliff { ward.goodRuns = 0 }
                ward.isolation = listed
                wards[name] = ward
            } else {
                wards[name] = Ward(isolation: listed)
                changes.append(.begun(name, listed))
            }
        }
        for (name, ward) in wards where list[name] == nil && knownFrom[name] == nil {
            wards[name] = nil
            changes.append(.released(name, ward.isolation))
        }
        return changes
    }
}
