/// How far a job that is done element by element has come, beside its payload: it outlives each of its runs.
package struct IterationState: Equatable, Sendable {
    /// Longest cursor, in bytes.
    package static let longestCursor = 64 << 10
    /// Before the first element.
    package static let noCursor = Array("null".utf8)

    /// Runs so far, the one that goes on included.
    package var executions: Int
    /// One JSON value of the handler's own: the element that comes next.
    package var cursor: [UInt8]
    /// What its runs took together, in seconds.
    package var runtimeSeconds: Double

    package init(executions: Int = 0, cursor: [UInt8] = noCursor, runtimeSeconds: Double = 0) {
        self.executions = executions
        self.cursor = cursor
        self.runtimeSeconds = runtimeSeconds
    }
}

/// What a run that iterates is told while it goes on.
package enum IterationMessage: Equatable, Sendable {
    /// Begin at this cursor. With a time, in seconds since 1970, somebody has cancelled the job since then: do nothing more.
    case goOn(IterationState, cancelledAt: Int?)
    /// Stop before the next element, and go on from it later; or, cancelled, not at all.
    case interrupt(cancelledAt: Int?)
}
