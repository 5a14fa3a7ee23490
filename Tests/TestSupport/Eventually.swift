import Glibc
import Platform
package import Testing

/// Waits for a condition that another process or thread brings about; records an issue that names it if it does not.
///
/// - Parameters:
///   - seconds: generous, since it is waited out only when the test fails.
///   - name: what is waited for, as it continues "it never happened that …".
package func eventually(
    within seconds: Double = 10, _ name: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) rethrows {
    let deadline = MonotonicTime.now().advanced(bySeconds: seconds)
    while try !condition() {
        guard MonotonicTime.now() < deadline else {
            Issue.record("within \(seconds) s it never happened that \(name())", sourceLocation: sourceLocation)
            return
        }
        usleep(5000)
    }
}
