/// The job that stands for all that ran: the means of what was measured, each class with the weight of its runs.
package struct JobMix: Equatable, Sendable {
    /// Of one job, on a core, elsewhere, and ready without getting a core. Seconds.
    package var cpuSeconds = 0.0
    package var ioSeconds = 0.0
    package var coreWaitSeconds = 0.0
    /// Runs whose cost was measured, and those among them that shared a process with others.
    package var measured = 0
    package var estimated = 0
    package var withoutChildren = 0
    package var memoryRuns = 0
    /// The share of all time that belongs to classes of which some run was measured.
    package var knownShare = 0.0
    /// What one busy slot takes, in bytes: the memory of a handler's process, by the share of time that its classes have.
    /// Nil if none was measured.
    package var slotBytes: Int?

    /// - Parameter handlers: processes of those that serve keep what their hungriest class left behind.
    package init(_ classes: [AdviceFacts.Class], handlers: [AdviceFacts.Handler]) {
        var (cpu, io, wait, runs) = (0.0, 0.0, 0.0, 0.0)
        var (wall, knownWall) = (0.0, 0.0)
        for entry in classes {
            let cost = entry.cost
            wall += Double(cost.wallMicroseconds)
            estimated += cost.estimated
            withoutChildren += cost.withoutChildren
            memoryRuns += cost.memoryRuns
            guard let ioShare = cost.ioShare else { continue }
            measured += cost.measured
            // All runs of a class cost what the measured ones did on average.
            let scale = Double(cost.runs) / Double(max(1, cost.measured)) / 1e6
            let own = Double(cost.measuredWallMicroseconds) * scale
            // A job that computes on several cores at once takes more of them than it takes time.
            cpu += Double(cost.cpuMicroseconds) * scale
            wait += min(own, Double(cost.coreWaitMicroseconds) * scale)
            io += ioShare * own
            runs += Double(cost.runs)
            knownWall += Double(cost.wallMicroseconds)
        }
        if runs > 0 { (cpuSeconds, ioSeconds, coreWaitSeconds) = (cpu / runs, io / runs, wait / runs) }
        if wall > 0 { knownShare = knownWall / wall }
        slotBytes = Self.slotBytes(classes, handlers)
    }

    private static func slotBytes(_ classes: [AdviceFacts.Class], _ handlers: [AdviceFacts.Handler]) -> Int? {
        let known = classes.filter { $0.cost.peaks.total > 0 }
        func peak(_ entry: AdviceFacts.Class) -> Double { Double(entry.cost.peaks.quantile(0.95) ?? 0) * 1024 }
        var (bytes, weight) = (0.0, 0.0)
        for entry in known {
            let handler = handlers.first { $0.name == entry.handler }
            let home = handler?.isServe == true ? known.filter { $0.handler == entry.handler }.map(peak).max() : nil
            let share = Double(max(1, entry.cost.wallMicroseconds))
            bytes += (home ?? peak(entry)) / Double(handler?.threads ?? 1) * share
            weight += share
        }
        return weight > 0 ? Int(bytes / weight) : nil
    }
}
