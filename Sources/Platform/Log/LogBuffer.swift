/// What lies between those who log and the outlet, so that a log nobody reads never holds a job up.
///
/// At most `capacity` records wait; further ones are dropped and counted, and a line says how many as soon as the
/// outlet has caught up.
package final class LogBuffer: LogSink {
    private struct State {
        var waiting: [LogRecord] = []
        var dropped = 0
        var isWriting = false
    }

    private let capacity: Int
    private let outlet: any LogOutlet
    private let state = Monitor(State())

    /// - Parameter capacity: 8192 lines are some megabytes, and what a busy worker says in a second or more.
    package init(capacity: Int = 8192, outlet: any LogOutlet) {
        self.capacity = capacity
        self.outlet = outlet
    }

    /// Starts the one thread that writes, for as long as the process lives.
    ///
    /// - Returns: false if the system gives no thread.
    package func start() -> Bool { OSThread.start(name: "log") { self.drain() } }

    /// Never waits, whatever the outlet does. From any thread.
    package func add(_ record: LogRecord) {
        let wasEmpty = state.withLock { state -> Bool in
            guard state.waiting.count < capacity else {
                state.dropped += 1
                return false
            }
            state.waiting.append(record)
            return state.waiting.count == 1
        }
        // The writer takes everything at once, so it needs to be told only of the first.
        if wasEmpty { state.notifyAll() }
    }

    /// Waits until everything added so far is written.
    ///
    /// - Returns: false if the deadline came first.
    @discardableResult
    package func flush(until deadline: MonotonicTime) -> Bool {
        state.wait(until: deadline) { $0.waiting.isEmpty && $0.dropped == 0 && !$0.isWriting ? true : nil } ?? false
    }

    private func drain() {
        while true {
            let batch = state.wait { state -> (records: [LogRecord], dropped: Int)? in
                guard !state.waiting.isEmpty || state.dropped > 0 else { return nil }
                defer { state = State(isWriting: true) }
                return (state.waiting, state.dropped)
            }
            // Without a deadline the wait ends with a batch only.
            guard let batch else { continue }
            for record in batch.records { _ = outlet.write(record, isPatient: true) }
            if batch.dropped > 0 {
                _ = outlet.write(.dropped(batch.dropped, at: WallClock.milliseconds()), isPatient: true)
            }
            state.withLock { $0.isWriting = false }
            state.notifyAll()
        }
    }
}
