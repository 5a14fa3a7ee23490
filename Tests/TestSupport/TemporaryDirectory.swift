import Foundation

/// An empty directory of one test's own, removed with all it holds.
package final class TemporaryDirectory: Sendable {
    package let path: String

    /// - Parameter parent: short, because the path of a unix socket has at most 107 bytes.
    package init(in parent: String = "/tmp") {
        path = "\(parent)/martlet-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        guard mkdir(path, 0o700) == 0 else { preconditionFailure("cannot make the directory \(path)") }
    }

    deinit {
        // What cannot be removed lies under /tmp and harms no test.
        try? FileManager.default.removeItem(atPath: path)
    }
}
