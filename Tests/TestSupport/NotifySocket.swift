import Glibc
package import Platform

/// What systemd is to a service: a datagram socket, sd_notify(3). It holds what was sent until it is asked.
package final class NotifySocket {
    private let directory = TemporaryDirectory()
    private let descriptor: FileDescriptor
    private var lines: [String] = []

    package var path: String { "\(directory.path)/notify" }

    package init() throws(SystemError) {
        let raw = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | O_NONBLOCK, 0)
        guard raw >= 0 else { throw SystemError(code: errno, doing: "make a socket") }
        descriptor = FileDescriptor(raw)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array("\(directory.path)/notify".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(raw, $0, size) }
        }
        guard result == 0 else { throw SystemError(code: errno, doing: "bind a socket") }
    }

    /// Every assignment sent so far, such as "READY=1", in order.
    package var received: [String] {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor.raw, &buffer, buffer.count, 0)
            guard count > 0 else { return lines }
            lines += String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }
}
