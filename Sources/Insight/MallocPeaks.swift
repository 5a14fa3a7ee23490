/// The memory that runs of a handler needed at their peaks, in KiB.
package struct MallocPeaks: Equatable, Sendable {
    package var runs: Int
    package var sumKB: Int
    package var highestKB: Int

    package init(runs: Int = 0, sumKB: Int = 0, highestKB: Int = 0) {
        self.runs = runs
        self.sumKB = sumKB
        self.highestKB = highestKB
    }

    /// - Parameter peak: bytes.
    package mutating func add(peak: Int) {
        let kilobytes = max(0, peak) >> 10
        runs += 1
        sumKB += kilobytes
        highestKB = max(highestKB, kilobytes)
    }

    /// Bytes; nil if there was no run.
    package var meanBytes: Int? { runs > 0 ? (sumKB / runs) << 10 : nil }
}
