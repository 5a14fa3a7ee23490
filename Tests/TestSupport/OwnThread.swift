import Platform
package import Testing

/// Runs each test of a suite on a thread of its own. The threads of Swift's pool are as many as there are cores, and a
/// test that waits for processes keeps one from all the others.
package struct OwnThread: TestTrait, SuiteTrait, TestScoping {
    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(Threads.shared) { try await body() }
    }

    private final class Threads: TaskExecutor {
        static let shared = Threads()

        /// More at once would be in each other's way: most of them also work.
        private static let most = 8

        private struct State {
            var line: [UnownedJob] = []
            var threads = 0
        }

        private let state = Monitor(State())

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            let isAlone = state.withLock { state in
                state.line.append(job)
                guard state.threads < Self.most else { return false }
                state.threads += 1
                return true
            }
            guard isAlone else { return }
            // As deep a stack as a program's first thread: expectations that fail need it.
            OSThread.start(name: "test", stackBytes: 8 << 20) { self.work() }
        }

        private func work() {
            while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
        }

        private func next() -> UnownedJob? {
            state.withLock { state in
                guard !state.line.isEmpty else {
                    state.threads -= 1
                    return nil
                }
                return state.line.removeFirst()
            }
        }
    }
}

extension Trait where Self == OwnThread {
    /// Each test on a thread of its own, since it waits more than it works.
    package static var ownThread: OwnThread { OwnThread() }
}
