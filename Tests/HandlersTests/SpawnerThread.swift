import Platform

/// Spawns in a thread that never ends, as a worker does: the parent-death signal follows the spawning thread.
final class SpawnerThread: Sendable {
    static let shared = SpawnerThread()

    private let work = Monitor<[@Sendable () -> Void]>([])

    private init() {
        OSThread.start(name: "spawner") { [work] in
            while true {
                let next = work.wait { $0.isEmpty ? nil : $0.removeFirst() }
                next?()
            }
        }
    }

    func run(_ body: @Sendable @escaping () -> Void) {
        work.withLock { $0.append(body) }
        work.notify()
    }
}

/// The way back to the loop's thread.
final class Spawns {
    private let done = Monitor<[(Int, Result<ChildProcess, SpawnError>)]>([])
    private var completions: [Int: (Result<ChildProcess, SpawnError>) -> Void] = [:]
    private let loop: EventLoop
    private(set) var count = 0

    init(_ loop: EventLoop) {
        self.loop = loop
        loop.onWake = { [unowned self] in complete() }
    }

    func spawn(_ spec: ProcessSpec, _ completion: @escaping (Result<ChildProcess, SpawnError>) -> Void) {
        count += 1
        completions[count] = completion
        SpawnerThread.shared.run { [number = count, done, wake = loop.wake] in
            let result = Result { () throws(SpawnError) in try spec.spawn() }
            done.withLock { $0.append((number, result)) }
            wake.signal()
        }
    }

    private func complete() {
        let results = done.withLock {
            let results = $0
            $0 = []
            return results
        }
        for (number, result) in results { completions.removeValue(forKey: number)?(result) }
    }
}
