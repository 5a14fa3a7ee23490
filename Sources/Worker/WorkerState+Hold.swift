/// What is not done for a while: a worker under back-pressure fetches and starts nothing, and all else goes on.
extension WorkerState {
    /// Whether jobs are fetched and started.
    var isFetching: Bool { phase == .running && hold == nil }

    mutating func hold(because reason: String?) {
        if hold != nil, reason == nil { lookAgain() }
        hold = reason
    }
}
