import CSystemd
import Glibc

/// systemd's journal by its native protocol: sd_journal_sendv(3), or the same datagram without waiting for it to be read.
package final class JournalOutlet: LogOutlet, @unchecked Sendable {
    private let form: JournalForm
    private let path: String
    // Both belong to the one thread that writes.
    private var socket: FileDescriptor?
    private var isStuck = false

    /// - Parameter path: of the journal's socket.
    package init(_ form: JournalForm, path: String = "/run/systemd/journal/socket") {
        self.form = form
        self.path = path
    }

    package func write(_ record: LogRecord, isPatient: Bool) -> Bool {
        let fields = form.fields(for: record)
        guard isPatient else { return offer(fields) }
        // One block for all fields, because the vector points into it.
        let bytes = Array(fields.joined())
        bytes.withUnsafeBytes { bytes in
            var start = 0
            let vector = fields.map { field in
                defer { start += field.count }
                // The journal only reads; iovec has no other pointer to offer.
                return iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress?.advanced(by: start)),
                    iov_len: field.count)
            }
            // Without a journal nothing is said and nothing is lost that anyone could read.
            sd_journal_sendv(vector, Int32(vector.count))
        }
        return true
    }

    /// One datagram of "NAME=value" lines: https://systemd.io/JOURNAL_NATIVE_PROTOCOL. The library would wait for a journal
    /// that does not read, as one does that is stopped while systemd keeps its socket.
    ///
    /// - Returns: false if the journal has no room.
    private func offer(_ fields: [[UInt8]]) -> Bool {
        let datagram = Array(fields.map { $0 + [UInt8(ascii: "\n")] }.joined())
        for _ in 0..<2 {
            if socket == nil { socket = connected() }
            guard let raw = socket?.raw else { return true }
            guard isWritable(raw) else { return false }
            let count = datagram.withUnsafeBytes {
                send(raw, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            }
            if count >= 0 || errno == EMSGSIZE { return true }
            if errno == EAGAIN || errno == EINTR { return false }
            socket = nil  // The journal was started anew, with a new socket.
        }
        return true
    }

    private func connected() -> FileDescriptor? {
        let raw = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { return nil }
        let socket = FileDescriptor(raw)
        // Room for the longest record, as sd_journal_sendv makes it; what the system allows will do.
        var size: Int32 = 8 << 20
        setsockopt(raw, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { space in
            guard path.utf8.count < space.count else { return false }
            space.copyBytes(from: path.utf8)
            return true
        }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard fits, result == 0 else { return nil }
        return socket
    }

    /// Waits a moment for room, but not again while there was none the last time.
    private func isWritable(_ raw: Int32) -> Bool {
        // 50 ms, as for a pipe: see LineOutlet.
        var item = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
        isStuck = poll(&item, 1, isStuck ? 0 : 50) == 0
        return !isStuck
    }

    /// Whether standard error is a stream of the journal: JOURNAL_STREAM of systemd.exec(5) names its device and inode.
    package static func isConnected(to fd: Int32, stream: String?) -> Bool {
        var file = stat()
        guard let stream, fstat(fd, &file) == 0 else { return false }
        return stream == "\(file.st_dev):\(file.st_ino)"
    }
}
