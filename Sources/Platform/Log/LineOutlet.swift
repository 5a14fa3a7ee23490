import Glibc

/// A descriptor, usually standard error: one write(2) a line, so that lines of several processes do not mix.
package final class LineOutlet: LogOutlet, @unchecked Sendable {
    private let fd: Int32
    private let form: any LogForm
    // Both belong to the one thread that writes.
    private var isStuck = false
    private var isInsideLine = false

    /// - Parameter fd: stays open as long as this object. It may be shared, so it is not made non-blocking.
    package init(_ fd: Int32, _ form: any LogForm) {
        self.fd = fd
        self.form = form
    }

    package func write(_ record: LogRecord, isPatient: Bool) -> Bool {
        let line = (isInsideLine ? [UInt8(ascii: "\n")] : []) + form.line(for: record)
        return line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                if !isPatient, !isWritable() { return false }
                // A pipe that polls as writable takes PIPE_BUF bytes without blocking, and no more is certain.
                let part = isPatient ? rest : rest.prefix(Int(PIPE_BUF))
                let count = Glibc.write(fd, UnsafeRawBufferPointer(rebasing: part).baseAddress, part.count)
                if count >= 0 {
                    rest = rest.dropFirst(count)
                    isInsideLine = !rest.isEmpty
                } else if errno == EAGAIN {
                    // Somebody we share it with made it non-blocking.
                    isStuck = false
                    _ = isWritable()
                } else if errno != EINTR {
                    return true  // Nobody reads, or the disk is full: to keep the line would not help.
                }
            }
            return true
        }
    }

    /// Waits a moment for room, but not again while there was none the last time.
    private func isWritable() -> Bool {
        // 50 ms: enough for a reader that is only busy, too little to make a service manager think that we hang.
        var item = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
        isStuck = poll(&item, 1, isStuck ? 0 : 50) == 0
        return !isStuck
    }
}
