import JobModel

/// Runs that somebody has cancelled.
extension ServeProcessState {
    /// Tells the process to give one run up; the others go on. Whether it heeds that is not waited for here: whoever does, and
    /// finds that it did not, interrupts the run.
    mutating func cancel(_ number: Int, _ failure: Failure, _ actions: inout [Action]) {
        guard running.contains(where: { $0.number == number && $0.fate == nil }) else { return }
        setFate(.cancelled(failure), of: number)
        // In all other phases it reads nothing any more, and is being ended anyway.
        if phase == .open || phase == .retiring { actions.append(.sendCancel(number)) }
    }
}
