/// What the runs of one class cost over some time: sums, largest values and sketches, which add up over processes, hosts
/// and windows of time.
package struct ClassCost: Equatable, Sendable {
    /// All runs that came to an end, whether or not each was measured.
    package var runs = 0
    package var failures = 0
    /// Of all runs.
    package var wallMicroseconds = 0
    /// How long all runs took, in microseconds.
    package var durations = Sketch()
    /// How long jobs lay in their queue, in milliseconds; of those that say when they came there.
    package var queueing = Sketch()
    /// Bytes printed by measured runs.
    package var outputBytes = 0

    /// Runs whose CPU time was measured; the next four are of these alone.
    package var measured = 0
    /// Those among them that shared a process with others.
    package var estimated = 0
    package var measuredWallMicroseconds = 0
    package var cpuMicroseconds = 0
    package var coreWaitMicroseconds = 0
    /// Measured runs whose handler's children could not be seen.
    package var withoutChildren = 0

    /// Runs whose memory was measured.
    package var memoryRuns = 0
    /// The largest memory the process had in each of them, in KiB.
    package var peaks = Sketch()
    /// The largest of all, exactly. Bytes.
    package var highestPeak = 0
    /// What processes kept of these runs, together. Bytes.
    package var retainedBytes = 0
    /// The most that one run left behind. Bytes.
    package var highestRetained = 0

    /// Of all runs.
    package var queues = RunsByQueue()

    package init() {}

    /// Takes in one run that ended.
    ///
    /// - Parameters:
    ///   - queueSeconds: from the queue to the hand-over; nil if the job does not say when it came there.
    ///   - cost: nil if this run was not among those measured.
    ///   - queue: where it came from; nil if that is not to be counted.
    package mutating func add(
        wallSeconds: Double, queueSeconds: Double?, hasFailed: Bool, cost: RunCost?, queue: String? = nil
    ) {
        runs += 1
        if let queue { queues.add(from: queue) }
        if hasFailed { failures += 1 }
        let microseconds = Self.count(wallSeconds, 1e6)
        wallMicroseconds += microseconds
        durations.add(microseconds)
        if let queueSeconds { queueing.add(Self.count(queueSeconds, 1e3)) }
        guard let cost else { return }
        measured += 1
        if cost.isEstimate { estimated += 1 }
        if !cost.seesChildren { withoutChildren += 1 }
        measuredWallMicroseconds += Self.count(cost.wallSeconds, 1e6)
        cpuMicroseconds += Self.count(cost.cpuSeconds, 1e6)
        coreWaitMicroseconds += Self.count(cost.coreWaitSeconds, 1e6)
        outputBytes += cost.outputBytes
        guard let memory = cost.memory else { return }
        memoryRuns += 1
        peaks.add(memory.highest >> 10)
        highestPeak = max(highestPeak, memory.highest)
        retainedBytes += memory.retained
        highestRetained = max(highestRetained, memory.retained)
    }

    package mutating func merge(_ other: ClassCost) {
        for sum in Self.sums { self[keyPath: sum] += other[keyPath: sum] }
        for largest in Self.largest { self[keyPath: largest] = max(self[keyPath: largest], other[keyPath: largest]) }
        for sketch in Self.sketches { self[keyPath: sketch].merge(other[keyPath: sketch]) }
        queues.merge(other.queues)
    }

    // What it is made of, by how it adds up: whoever writes it down or reads it goes by these.

    package static let sums: [any WritableKeyPath<ClassCost, Int> & Sendable] = [
        \.runs, \.failures, \.wallMicroseconds, \.outputBytes, \.measured, \.estimated, \.measuredWallMicroseconds,
        \.cpuMicroseconds, \.coreWaitMicroseconds, \.withoutChildren, \.memoryRuns, \.retainedBytes,
    ]
    package static let largest: [any WritableKeyPath<ClassCost, Int> & Sendable] = [\.highestPeak, \.highestRetained]
    package static let sketches: [any WritableKeyPath<ClassCost, Sketch> & Sendable] = [
        \.durations, \.queueing, \.peaks,
    ]

    /// The share of time in which its runs waited for neither a core nor the CPU, 0...1; nil if none was measured.
    package var ioShare: Double? {
        guard measuredWallMicroseconds > 0 else { return nil }
        let busy = Double(cpuMicroseconds + coreWaitMicroseconds) / Double(measuredWallMicroseconds)
        return max(0, min(1, 1 - busy))
    }

    /// The same of the time in which its runs did not wait for a core: what they are like, however busy the host is.
    package var ownIOShare: Double? {
        let own = measuredWallMicroseconds - coreWaitMicroseconds
        guard measuredWallMicroseconds > 0 else { return nil }
        return own > 0 ? max(0, min(1, 1 - Double(cpuMicroseconds) / Double(own))) : 0
    }

    /// The share of their time in which its runs waited for a core, 0...1; nil if none was measured.
    package var coreWaitShare: Double? {
        guard measuredWallMicroseconds > 0 else { return nil }
        return max(0, min(1, Double(coreWaitMicroseconds) / Double(measuredWallMicroseconds)))
    }

    /// A thousand years at most: sums of it stay far from overflow.
    private static func count(_ seconds: Double, _ scale: Double) -> Int {
        Int(max(0, min(seconds.isFinite ? seconds : 0, 3e10)) * scale)
    }
}
