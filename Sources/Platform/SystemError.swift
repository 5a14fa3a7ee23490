import CPosix
import Glibc

/// A system call that failed, and what it was for.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The errno.
    package let code: Int32
    /// What was being done, as it continues "cannot …": "open /etc/martlet.yml".
    package let doing: String

    package init(code: Int32, doing: String) {
        self.code = code
        self.doing = doing
    }

    /// The failure the calling thread's errno names. Evaluates `doing` after errno has been read.
    package static func last(_ doing: @autoclosure () -> String) -> SystemError {
        let code = errno
        return SystemError(code: code, doing: doing())
    }

    package var description: String { "cannot \(doing): \(Self.text(of: code))" }

    /// The system's words for an errno, such as "No such file or directory".
    package static func text(of code: Int32) -> String {
        cposix_error_text(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
