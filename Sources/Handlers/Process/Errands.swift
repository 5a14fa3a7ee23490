import Platform

/// Does what may block, one thing after the other, in a thread of its own, so that the leader need not.
///
/// The thread begins with the first errand. Only the leader touches this; what an errand does must touch nothing of it.
final class Errands: EventSink {
    private enum Order {
        case work(@Sendable () -> Void)
        case end
    }

    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var done: [Int] = []
        var isClosed = false
    }

    private let name: String
    private let loop: EventLoop
    private let state = Monitor(State())
    private var wake: WakeUp?
    private var completions: [Int: () -> Void] = [:]
    private var next = 0

    /// - Parameter name: of the thread, at most 15 bytes.
    init(name: String, loop: EventLoop) {
        self.name = name
        self.loop = loop
    }

    deinit {
        state.withLock { $0.isClosed = true }
        state.notifyAll()
    }

    /// - Parameters:
    ///   - work: done in the other thread.
    ///   - completion: called in the leader's thread with what came of it.
    func run<Result: Sendable>(_ work: @Sendable @escaping () -> Result, then completion: @escaping (Result) -> Void) {
        guard let wake = began() else { return completion(work()) }
        let result = Monitor<Result?>(nil)
        let number = next
        next += 1
        completions[number] = {
            if let result = result.withLock({ $0 }) { completion(result) }
        }
        state.withLock { [state] in
            $0.waiting.append {
                let value = work()
                result.withLock { $0 = value }
                state.withLock { $0.done.append(number) }
                wake.signal()
            }
        }
        state.notify()
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        wake?.clear()
        let numbers = state.withLock {
            let numbers = $0.done
            $0.done = []
            return numbers
        }
        for number in numbers { completions.removeValue(forKey: number)?() }
    }

    /// nil where there is no thread to be had: then the leader does it itself.
    private func began() -> WakeUp? {
        if let wake { return wake }
        guard let wake = try? WakeUp() else { return nil }
        let isStarted = OSThread.start(name: name) { [state] in
            while case .work(let work) = state.wait({ Self.take(&$0) }) { work() }
        }
        guard isStarted, (try? loop.watch(wake.raw, for: .readable, self)) != nil else { return nil }
        self.wake = wake
        return wake
    }

    private static func take(_ state: inout State) -> Order? {
        if state.isClosed { return .end }
        return state.waiting.isEmpty ? nil : .work(state.waiting.removeFirst())
    }
}
