import Glibc
import Platform

/// Takes connections and never says a word.
package final class SilentServer {
    package let port: Int
    private let descriptor: FileDescriptor

    package init() throws {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptor = FileDescriptor(raw)
        port = try bindToFreePort(raw)
        guard listen(raw, 8) == 0 else { throw SystemError.last("listen") }
    }
}
