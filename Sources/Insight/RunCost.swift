/// What one run cost, as far as it was measured. A value without a number was not to be had, and is never guessed.
package struct RunCost: Equatable, Sendable {
    /// From the hand-over to the handler to the outcome, in seconds.
    package var wallSeconds: Double
    /// On a core: all threads of the handler's process and, as far as `seesChildren`, what it started. Seconds.
    package var cpuSeconds: Double
    /// Ready to run and waiting for a core, in seconds: on a busy host this is neither CPU nor I/O.
    package var coreWaitSeconds: Double
    /// Other runs went on in the same process, so that CPU, waiting and memory are this run's share of a common sum.
    package var isEstimate: Bool
    /// Whether `cpuSeconds` holds what the handler's own children used.
    package var seesChildren: Bool
    /// Nil where nothing could be read of its memory.
    package var memory: MemoryCost?
    /// What it printed on stdout and stderr.
    package var outputBytes: Int

    package init(
        wallSeconds: Double, cpuSeconds: Double, coreWaitSeconds: Double = 0, isEstimate: Bool = false,
        seesChildren: Bool = false, memory: MemoryCost? = nil, outputBytes: Int = 0
    ) {
        self.wallSeconds = wallSeconds
        self.cpuSeconds = cpuSeconds
        self.coreWaitSeconds = coreWaitSeconds
        self.isEstimate = isEstimate
        self.seesChildren = seesChildren
        self.memory = memory
        self.outputBytes = outputBytes
    }

    /// The share of its time in which it neither computed nor waited for a core: it waited for something else. 0...1.
    package var ioShare: Double {
        guard wallSeconds > 0 else { return 0 }
        return max(0, min(1, (wallSeconds - cpuSeconds - coreWaitSeconds) / wallSeconds))
    }
}

/// The memory of the process around one run, resident, in bytes.
package struct MemoryCost: Equatable, Sendable {
    /// Nil for a process that was made for this run.
    package var before: Int?
    /// The most it had at once; nil where the kernel was not asked.
    package var peak: Int?
    /// Nil for a process that ended with the run: it keeps nothing.
    package var after: Int?

    package init(before: Int?, peak: Int?, after: Int?) {
        self.before = before
        self.peak = peak
        self.after = after
    }

    /// What the process keeps of it: 0 if it gave back more than it took, and if the process ended.
    package var retained: Int {
        guard let before, let after else { return 0 }
        return max(0, after - before)
    }

    /// The largest that is known of it.
    package var highest: Int { max(peak ?? 0, after ?? 0, before ?? 0) }
}
