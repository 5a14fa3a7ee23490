import JobModel

/// Runs that do their jobs element by element.
extension ServeProcessState {
    /// - Parameter cursor: the element that comes next; nil for a run that asks where to go on.
    mutating func iterate(_ number: Int?, _ cursor: [UInt8]?, _ actions: inout [Action]) {
        guard let number = known(number, &actions) else { return }
        let isIterating = iterating.contains(number)
        switch (isIterating, cursor) {
        case (false, nil): begin(number)
        case (false, _?):
            violate(ProtocolViolation("wrote a cursor for run \(number), which has not asked where to go on"), &actions)
            return
        case (true, nil):
            violate(ProtocolViolation("asked twice where run \(number) is to go on"), &actions)
            return
        case (true, _?): break
        }
        actions.append(.iterate(number, cursor: cursor))
    }

    /// It has stopped between two elements.
    mutating func suspend(_ number: Int?, _ cursor: [UInt8]?, _ actions: inout [Action]) {
        if let number, running.contains(where: { $0.number == number && !$0.isIterating }) {
            let violation = "answered `interrupted` for run \(number), which has not asked where to go on"
            violate(ProtocolViolation(violation), &actions)
            return
        }
        if let cursor, let number, iterating.contains(number) { actions.append(.iterate(number, cursor: cursor)) }
        conclude(number, .suspended, &actions)
    }
}
