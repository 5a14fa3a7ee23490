import CPosix
import Glibc

/// An owned descriptor, closed exactly once: when the value ends, unless it was released.
package struct FileDescriptor: ~Copyable, Sendable {
    private let number: Int32

    /// Takes over an open descriptor.
    package init(_ raw: Int32) {
        precondition(raw >= 0, "a descriptor is never negative")
        number = raw
    }

    deinit { close(number) }

    /// The number, for calls that take one. It must not be closed and not outlive this value.
    ///
    /// A local value ends with its scope, except where the scope runs into a call that never returns, such as exit(3):
    /// there it ends after its last use already.
    package var raw: Int32 { number }

    /// Gives the descriptor away without closing it.
    package consuming func release() -> Int32 {
        let raw = number
        discard self
        return raw
    }

    /// Two ends of one kernel object. Take an end out with `let end = pair.read`.
    @frozen package struct Pipe: ~Copyable, Sendable {
        package let read: FileDescriptor
        package let write: FileDescriptor
    }

    /// Two connected sockets; messages sent to one arrive at the other.
    @frozen package struct SocketPair: ~Copyable, Sendable {
        package let ours: FileDescriptor
        package let theirs: FileDescriptor
    }

    /// A pipe(7), both ends close-on-exec and blocking.
    package static func pipe() throws(SystemError) -> Pipe {
        var ends: (Int32, Int32) = (-1, -1)
        let error = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) { cposix_pipe($0) }
        }
        guard error == 0 else { throw SystemError(code: error, doing: "make a pipe") }
        return Pipe(read: FileDescriptor(ends.0), write: FileDescriptor(ends.1))
    }

    /// A pair of unix(7) SOCK_SEQPACKET sockets: connected, message boundaries kept, close-on-exec, blocking.
    package static func socketPair() throws(SystemError) -> SocketPair {
        var ends: (Int32, Int32) = (-1, -1)
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let result = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: Int32.self, capacity: 2) { socketpair(AF_UNIX, kind, 0, $0) }
        }
        guard result == 0 else { throw SystemError.last("make a socket pair") }
        return SocketPair(ours: FileDescriptor(ends.0), theirs: FileDescriptor(ends.1))
    }

    /// A file without a place, holding these bytes and positioned at their start: memfd_create(2), close-on-exec.
    ///
    /// - Parameter name: shown in /proc/PID/fd; at most 249 bytes.
    package static func memory(_ name: String, containing bytes: [UInt8]) throws(SystemError) -> FileDescriptor {
        var raw: Int32 = -1
        let error = cposix_memfd(name, &raw)
        guard error == 0 else { throw SystemError(code: error, doing: "make the memory file \(name)") }
        let file = FileDescriptor(raw)
        let failure = bytes.withUnsafeBytes { file.writeAll($0) }
        if let failure { throw SystemError(code: failure, doing: "fill the memory file \(name)") }
        guard lseek(raw, 0, SEEK_SET) == 0 else { throw SystemError.last("rewind the memory file \(name)") }
        return file
    }

    /// Opens a file by open(2), close-on-exec.
    ///
    /// - Parameters:
    ///   - flags: such as O_RDONLY; O_CLOEXEC is added.
    ///   - mode: permissions of a file that O_CREAT makes, before the umask.
    package static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0o600) throws(SystemError) -> FileDescriptor
    {
        var raw = Glibc.open(path, flags | O_CLOEXEC, mode)
        while raw < 0, errno == EINTR { raw = Glibc.open(path, flags | O_CLOEXEC, mode) }
        guard raw >= 0 else { throw SystemError.last("open \(path)") }
        return FileDescriptor(raw)
    }

    /// Another descriptor for the same open file, close-on-exec.
    package func duplicate() throws(SystemError) -> FileDescriptor {
        let raw = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard raw >= 0 else { throw SystemError.last("duplicate descriptor \(number)") }
        return FileDescriptor(raw)
    }

    /// Sets or clears O_NONBLOCK, which everyone who shares the open file sees.
    package func setNonBlocking(_ on: Bool) throws(SystemError) {
        let flags = fcntl(number, F_GETFL)
        let wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        guard flags >= 0, flags == wanted || fcntl(number, F_SETFL, wanted) == 0 else {
            throw SystemError.last("make descriptor \(number) \(on ? "non-blocking" : "blocking")")
        }
    }
}
