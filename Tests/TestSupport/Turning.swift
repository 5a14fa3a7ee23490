package import Platform
import Testing

extension EventLoop {
    /// Turns until the condition holds.
    ///
    /// - Returns: false if it did not in time, or the loop failed, which is recorded as an issue.
    package func turn(within seconds: Double, until condition: () -> Bool) -> Bool {
        let deadline = MonotonicTime.now().advanced(bySeconds: seconds)
        while !condition() {
            guard MonotonicTime.now() < deadline else { return false }
            do {
                try turn(upTo: min(deadline, MonotonicTime.now().advanced(bySeconds: 0.05)))
            } catch {
                Issue.record("the loop failed: \(error)")
                return false
            }
        }
        return true
    }
}
