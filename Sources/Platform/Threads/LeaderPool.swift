/// Threads that lead in turn: one of them, the leader, waits for events and handles those that do not block; before work
/// that may block it hands the lead to the next thread and does that work itself, as a follower.
///
/// What only the leader touches needs no lock. A hand-over happens per piece of blocking work, never per event, so the hot
/// path has no wake-up between threads. Threads start on demand, up to `limit`, and live as long as the process: a
/// parent-death signal (prctl(2), PR_SET_PDEATHSIG) fires when the thread that spawned a child ends.
///
/// The last thread that could lead never takes blocking work: the work waits in line instead.
package final class LeaderPool: @unchecked Sendable {
    /// What kind of work may block; each kind has its own bound on how many do so at a time.
    package enum Kind: Int, CaseIterable, Sendable {
        /// Starting a process: vfork(2) holds its caller until the child has executed.
        case spawn
        /// Finding and greeting a server.
        case connect
    }

    /// Work for a follower; what it returns is called by the leader.
    package typealias Work = @Sendable () -> Completion
    /// Called by the leader, in the order in which work ended.
    package typealias Completion = @Sendable () -> Void

    /// What the pool is doing, for an operator.
    package struct Census: Sendable {
        package let threads: Int
        package let limit: Int
        package let working: [Kind: Int]
        package let inLine: [Kind: Int]
    }

    private struct State {
        var hasLeader = false
        var hasEnded = false
        var threads = 1
        var lines: [Kind: ArraySlice<Work>] = [:]
        var working: [Kind: Int] = [:]
        var completions: [Completion] = []

        /// Takes a piece of work whose kind has room, nil if there is none.
        mutating func take(within bounds: [Kind: Int]) -> (Kind, Work)? {
            for kind in Kind.allCases where working[kind, default: 0] < bounds[kind, default: 1] {
                guard let work = lines[kind]?.popFirst() else { continue }
                working[kind, default: 0] += 1
                return (kind, work)
            }
            return nil
        }
    }

    private let limit: Int
    private let bounds: [Kind: Int]
    private let state = Monitor(State())
    private let wake: @Sendable () -> Void
    private let startThread: (@escaping @Sendable () -> Void) -> Bool
    /// Written and read by the leader only: whether anything was submitted since it last looked.
    private var hasSubmitted = false

    /// - Parameters:
    ///   - limit: threads at the most, at least 2, the calling thread of `run` included.
    ///   - bounds: how many pieces of each kind may block at a time; 1 where not given.
    ///   - wake: ends the leader's wait for events; called from followers.
    ///   - start: starts a thread, and says whether there is one; without, by `OSThread`.
    package init(
        name: String, limit: Int, bounds: [Kind: Int], wake: @escaping @Sendable () -> Void,
        start: ((@escaping @Sendable () -> Void) -> Bool)? = nil
    ) {
        precondition(limit >= 2, "a pool of one thread could never hand over the lead")
        self.limit = limit
        self.bounds = bounds
        self.wake = wake
        startThread = start ?? { OSThread.start(name: name, stackBytes: 512 * 1024, $0) }
    }

    /// Puts work in line. Leader only.
    package func submit(_ kind: Kind, _ work: @escaping Work) {
        hasSubmitted = true
        state.withLock { $0.lines[kind, default: []].append(work) }
    }

    /// Calls what ended work left to be done. Leader only, once a turn.
    package func runCompletions() {
        let completions = state.withLock { state -> [Completion] in
            defer { state.completions.removeAll() }
            return state.completions
        }
        for completion in completions { completion() }
    }

    /// What the pool is doing now. Any thread.
    package func census() -> Census {
        state.withLock {
            Census(
                threads: $0.threads, limit: limit, working: $0.working, inLine: $0.lines.mapValues(\.count))
        }
    }

    /// Leads, follows, and leads again until `turn` returns false in any thread; then returns in every thread.
    ///
    /// - Parameter turn: one turn of the event loop; called by one thread at a time.
    package func run(_ turn: @escaping @Sendable () -> Bool) {
        while true {
            let isLeader = state.wait { state -> Bool? in
                if state.hasEnded { return false }
                if state.hasLeader { return nil }
                state.hasLeader = true
                return true
            }
            guard isLeader == true, let (kind, work) = lead(turn) else { return }
            follow(kind, work)
        }
    }

    /// Turns until there is work to do as a follower (returned, the lead handed over) or the end (nil).
    private func lead(_ turn: @escaping @Sendable () -> Bool) -> (Kind, Work)? {
        // Work may have come in line under the leader before: look once.
        hasSubmitted = true
        while true {
            if hasSubmitted, let taken = handOver(turn) { return taken }
            guard turn() else {
                state.withLock { $0.hasEnded = true }
                state.notifyAll()
                return nil
            }
        }
    }

    /// Takes work and gives up the lead, if another thread can take it.
    private func handOver(_ turn: @escaping @Sendable () -> Bool) -> (Kind, Work)? {
        var mustStart = false
        let taken = state.withLock { state -> (Kind, Work)? in
            // Who neither leads nor works is parked, or about to be: it finds no leader and becomes it.
            let parked = state.threads - 1 - state.working.values.reduce(0, +)
            guard parked > 0 || state.threads < limit, let taken = state.take(within: bounds) else { return nil }
            state.hasLeader = false
            if parked == 0 {
                state.threads += 1
                mustStart = true
            }
            return taken
        }
        guard let taken else {
            hasSubmitted = false  // Nothing to take now; who ends a piece of work takes the next one itself.
            return nil
        }
        if !mustStart {
            state.notify()
        } else if !startThread({ [self] in run(turn) }) {
            // Nobody leads while this thread works; it is tried again with the next piece of work.
            state.withLock { $0.threads -= 1 }
        }
        return taken
    }

    /// Does work, and what is next in line, while somebody else leads.
    private func follow(_ kind: Kind, _ work: @escaping Work) {
        var next: (Kind, Work)? = (kind, work)
        while let (kind, work) = next {
            let completion = work()
            next = state.withLock { state in
                state.completions.append(completion)
                state.working[kind, default: 0] -= 1
                return state.take(within: bounds)
            }
            wake()
        }
    }
}
