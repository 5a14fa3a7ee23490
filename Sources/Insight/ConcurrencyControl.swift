/// How many jobs a worker does at once, found by what it measures.
///
/// More: jobs wait, and the CPU has room. Below saturation the use of the CPU is in proportion to the slots, so that it says
/// how far a step may go; whether the step was right says the throughput it gained. Fewer: a step gained nothing, the CPU is
/// full and jobs wait for a core rather than for anything else, or memory runs short. Where n slots keep b cores busy and t
/// others waiting for input or output, about b + t are enough, and the square root of that more, since both vary.
///
/// Without jobs that wait it changes nothing: what an idle worker measures says nothing of how many slots are worth it.
package struct ConcurrencyControl: Sendable {
    /// What was measured since the last look.
    package struct Sight: Equatable, Sendable {
        /// Of a clock that never goes back.
        package var seconds: Double
        /// Runs that ended, and how long they took in all.
        package var finished = 0
        package var runSeconds = 0.0
        /// Of those that were measured: their time, on a core, and ready but waiting for one. In seconds.
        package var measuredSeconds = 0.0
        package var cpuSeconds = 0.0
        package var coreWaitSeconds = 0.0
        /// Jobs that wait in the queues although every slot is taken; 0 if a slot found none.
        package var backlog = 0
        /// Of all cores this service may use, the share that is busy with whatever it is, 0...1; nil if nobody knows.
        package var cpu: Double?
        /// How many cores that are.
        package var cores = 0.0
        /// Handler processes are starting: what is measured now says little.
        package var isStarting = false
        /// Why nothing is fetched, if so.
        package var isHeld = false
        /// The share of memory that is available, 0...1, and the one that is little.
        package var availableMemory: Double?
        package var littleMemory = 0.0
        /// What a slot takes of all memory, 0...1.
        package var slotMemory = 0.0
        /// More would find no connection in a pool.
        package var ceiling: Int?

        package init(seconds: Double) { self.seconds = seconds }
    }

    /// Another number of slots.
    package struct Change: Equatable, Sendable, CustomStringConvertible {
        package let from: Int
        package let to: Int
        package let reason: String

        package var description: String { "concurrency \(from) -> \(to): \(reason)" }
    }

    /// From one number to the next.
    package static let step = 1.4
    /// From here on the CPU is full: 5 % more throughput cannot be had.
    static let full = 0.95
    /// Jobs that spend a smaller part of their time waiting for a core have what they need of a CPU that is full. The second is
    /// for a CPU of which they themselves use less than half: what fills it is others' work, and what a step gains decides.
    private static let promptShare = (alone: 0.05, amongOthers: 0.3)
    /// A step that brings less than this part of what it could has brought nothing.
    private static let leastGain = 0.3
    private static let shortestWindow = 2.0
    private static let longestWindow = 60.0
    private static let shortestPatience = 30.0
    private static let longestPatience = 600.0

    private struct Trial {
        let from: Int
        let before: ControlWindow
    }

    private let minimum: Int
    private let maximum: Int
    package private(set) var limit: Int
    private var window = ControlWindow()
    private var trial: Trial?
    private var lastGain: Double?
    private var lastLook: Double?
    /// What is measured before then is still of the number before.
    private var settledAt = -Double.infinity
    private var growsAt = -Double.infinity
    private var patience = Self.shortestPatience
    /// Runs a second and slot when a step last brought nothing: if that changes, so may the answer.
    private var plateau: Double?
    private var spareMemoryAt = -Double.infinity
    private var wasHeld = false
    private var cores = 0.0

    /// - Precondition: 1 <= minimum <= start <= maximum.
    package init(minimum: Int, maximum: Int, start: Int) {
        self.minimum = minimum
        self.maximum = maximum
        limit = start
    }

    /// Takes in one look; asked about once a second.
    package mutating func look(at sight: Sight) -> Change? {
        let since = lastLook ?? sight.seconds
        lastLook = sight.seconds
        cores = sight.cores
        defer { wasHeld = sight.isHeld }
        if let change = stopHarm(sight) { return change }
        guard sight.backlog > 0, !sight.isHeld else {
            // Slots that found no job say nothing, neither of the step nor of the number.
            window = ControlWindow()
            trial = nil
            return nil
        }
        let isSettling = since < settledAt || sight.isStarting && sight.seconds < settledAt + Self.shortestPatience
        guard !isSettling, sight.seconds > since else { return nil }
        window.add(sight, seconds: sight.seconds - since)
        guard window.seconds >= Self.shortestWindow else { return nil }
        if let trial {
            if let change = judge(trial, sight) { return change }
            guard self.trial == nil else { return nil }
        }
        guard window.isTelling || window.seconds >= Self.longestWindow / 4 else { return nil }
        reconsider()
        return isFull ? relieve(sight) : grow(sight)
    }

    // MARK: Harm

    private mutating func stopHarm(_ sight: Sight) -> Change? {
        if let ceiling = sight.ceiling, limit > max(minimum, ceiling) {
            return change(to: max(minimum, ceiling), sight, "its handlers would find no more connections in their pool")
        }
        if sight.isHeld {
            guard !wasHeld else { return nil }
            waitForGrowth(sight)
            return change(to: limit / 2, sight, "memory pressure")
        }
        let smaller = smallerLimit
        guard let available = sight.availableMemory, available < sight.littleMemory, sight.seconds >= spareMemoryAt,
            // Less would be nothing to those who need it.
            Double(limit - smaller) * sight.slotMemory >= 0.01
        else { return nil }
        spareMemoryAt = sight.seconds + 10
        waitForGrowth(sight)
        return change(to: smaller, sight, "\(percent(available)) of memory available")
    }

    // MARK: More

    private mutating func grow(_ sight: Sight) -> Change? {
        guard sight.seconds >= growsAt, let cpu = window.cpu else { return nil }
        // Where the CPU will be full, and a little more; beyond that, step by step.
        let useful = isPrompt ? maximum : Int((1.1 * Double(limit) / max(cpu, 0.01)).rounded(.up)) + 1
        let most = min(maximum, sight.ceiling ?? maximum, useful)
        var next = min(most, Int((Double(limit) * Self.step).rounded(.up)))
        if let available = sight.availableMemory, sight.slotMemory > 0 {
            let room = (available - sight.littleMemory * 1.2) / sight.slotMemory
            next = min(next, limit + Int(max(0, min(room, 1e6))))
        }
        guard next > limit else { return nil }
        let earlier = lastGain.map { ", the last step gained \(percent($0))" } ?? ""
        let before = Trial(from: limit, before: window)
        defer { trial = before }
        return change(to: next, sight, "\(sight.backlog) jobs wait, CPU \(percent(cpu))\(earlier)")
    }

    /// What the last step brought. The CPU that it filled is proof enough; else throughput has to have risen.
    private mutating func judge(_ trial: Trial, _ sight: Sight) -> Change? {
        guard trial.before.rate > 0 else {
            self.trial = nil
            return nil
        }
        let gain = window.rate / trial.before.rate - 1
        let error = window.error(against: trial.before)
        let isWorse = gain < -max(0.05, 2 * error)
        if isFull {
            guard isWorse || window.isTelling else { return nil }
            if isWorse { return undo(trial, gain: gain, sight) }
            return keep(gain)
        }
        if isWorse, window.isTelling { return undo(trial, gain: gain, sight) }
        let possible = Double(limit) / Double(trial.from) - 1
        let isSure = abs(gain - Self.leastGain * possible) > 1.5 * error && window.isTelling
        guard isSure || error < 0.1 || window.seconds >= min(Self.longestWindow, max(15, 3 * window.latency)) else {
            return nil
        }
        return gain < Self.leastGain * possible ? undo(trial, gain: gain, sight) : keep(gain)
    }

    private mutating func keep(_ gain: Double) -> Change? {
        trial = nil
        lastGain = gain
        patience = Self.shortestPatience
        plateau = nil
        return nil
    }

    private mutating func undo(_ trial: Trial, gain: Double, _ sight: Sight) -> Change? {
        let latency = "each job took \(milliseconds(window.latency)) instead of \(milliseconds(trial.before.latency))"
        let pause = patience
        waitForGrowth(sight)
        plateau = trial.before.rate / Double(trial.from)
        lastGain = nil
        return change(
            to: trial.from, sight,
            "the last step gained \(percent(gain)) and \(latency); not tried again for \(Int(pause)) s")
    }

    // MARK: Fewer

    /// The CPU is full: no more than keep it so are worth having.
    private mutating func relieve(_ sight: Sight) -> Change? {
        guard window.seconds >= 2 * Self.shortestWindow, let shares = window.shares else { return nil }
        let busy = shares.cpu * Double(limit)
        let waiting = max(0, 1 - shares.cpu - shares.coreWait) * Double(limit)
        let enough = busy + waiting + min(busy, 2 * busy.squareRoot()) + 2 * waiting.squareRoot()
        guard Double(limit) > Self.step * enough else { return nil }
        growsAt = max(growsAt, sight.seconds + Self.shortestPatience)
        return change(
            to: max(smallerLimit, Int(enough.rounded(.up))), sight,
            "CPU \(percent(window.cpu ?? 1)), jobs wait for a core for \(percent(shares.coreWait)) of their time")
    }

    // MARK: What they share

    private var isFull: Bool { (window.cpu ?? 1) >= Self.full && !isPrompt }

    /// The CPU is full, and jobs get it nearly when they want it all the same.
    private var isPrompt: Bool {
        guard let shares = window.shares, (window.cpu ?? 0) >= Self.full else { return false }
        let isOthers = shares.cpu * Double(limit) < 0.5 * cores
        return shares.coreWait < (isOthers ? Self.promptShare.amongOthers : Self.promptShare.alone)
    }

    private var smallerLimit: Int { max(minimum, Int((Double(limit) / Self.step).rounded(.down))) }

    private mutating func waitForGrowth(_ sight: Sight) {
        growsAt = sight.seconds + patience
        patience = min(Self.longestPatience, 2 * patience)
    }

    /// Jobs of another kind may be worth another number.
    private mutating func reconsider() {
        guard let plateau, window.rate > 0 else { return }
        let rate = window.rate / Double(limit)
        guard rate > 1.5 * plateau || rate < plateau / 1.5 else { return }
        self.plateau = nil
        growsAt = -.infinity
        patience = Self.shortestPatience
    }

    private mutating func change(to number: Int, _ sight: Sight, _ reason: String) -> Change? {
        let next = max(minimum, min(maximum, number))
        guard next != limit else { return nil }
        defer { limit = next }
        // A run that began before ends before, on average.
        settledAt = sight.seconds + max(0.5, min(window.latency, 20))
        window = ControlWindow()
        trial = nil
        return Change(from: limit, to: next, reason: reason)
    }

    private func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }

    private func milliseconds(_ seconds: Double) -> String {
        seconds >= 10 ? "\(Int(seconds.rounded())) s" : "\(Int((seconds * 1000).rounded())) ms"
    }
}
