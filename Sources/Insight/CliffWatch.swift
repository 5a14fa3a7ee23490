/// From what on a run is a cliff.
package struct CliffLimits: Equatable, Sendable {
    /// Bytes that are kept more than before, and ...
    package var bytes: Int
    /// ... the share of what was there before that they are: 0.25 for a quarter.
    package var share: Double

    package init(bytes: Int, share: Double) {
        self.bytes = bytes
        self.share = share
    }
}

/// Watches the memory of one process for runs after which it keeps much more than before.
///
/// A run that ends with more is suspected. It is named if the process still has it some time later, whatever it had given back
/// in between: an allocator may take its time, and what the next run needs is not what this one left.
package struct CliffWatch<Subject> {
    /// A run that is suspected, or was named.
    package struct Cliff {
        package var subject: Subject
        /// Bytes; `after` is the least since its end.
        package var before: Int
        package var after: Int
    }

    /// More than so many at once are not followed.
    private static var maximumSuspects: Int { 16 }
    /// A process that begins to work loads what its work needs: its first run may leave so many times as much.
    private static var firstFactor: Int { 2 }

    private let limits: CliffLimits
    private var suspects: [Cliff] = []
    private var hadRun = false

    package init(_ limits: CliffLimits) { self.limits = limits }

    package var isSuspicious: Bool { !suspects.isEmpty }

    /// A run has ended.
    ///
    /// - Parameters:
    ///   - before: bytes the process had when it began.
    ///   - after: bytes it has now.
    /// - Returns: whether it is suspected.
    @discardableResult
    package mutating func ended(_ subject: @autoclosure () -> Subject, before: Int, after: Int) -> Bool {
        let factor = hadRun ? 1 : Self.firstFactor
        hadRun = true
        guard isCliff(from: before, to: after, factor), suspects.count < Self.maximumSuspects else { return false }
        suspects.append(Cliff(subject: subject(), before: before, after: after))
        return true
    }

    /// Runs that are too short to matter make a process a used one all the same.
    package mutating func passed() { hadRun = true }

    /// The process has so many bytes now: what is no longer there was not kept.
    package mutating func seen(_ bytes: Int) {
        guard isSuspicious else { return }
        for index in suspects.indices { suspects[index].after = min(suspects[index].after, bytes) }
        suspects = suspects.filter { isCliff(from: $0.before, to: $0.after, 1) }
    }

    /// Enough time has passed: what is still there is kept.
    package mutating func named() -> [Cliff] {
        defer { suspects = [] }
        return suspects
    }

    private func isCliff(from before: Int, to after: Int, _ factor: Int) -> Bool {
        let kept = after - before
        return kept >= limits.bytes * factor && Double(kept) >= limits.share * Double(before)
    }
}
