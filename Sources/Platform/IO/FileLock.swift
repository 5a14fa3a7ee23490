import Glibc

/// A file only one process at a time may hold: flock(2).
///
/// The lock belongs to the open file. A child that is given the descriptor holds it as well, until the last one ends;
/// nothing has to be cleaned up after a crash.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Takes the lock, making the file if need be (mode 0600, never removed).
    ///
    /// - Returns: nil if another holds it.
    package static func take(_ path: String) throws(SystemError) -> FileLock? {
        let file = try FileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
        while flock(file.raw, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return nil }
            guard errno == EINTR else { throw SystemError.last("lock \(path)") }
        }
        return FileLock(adopting: file)
    }

    /// Goes on holding a lock whose descriptor was handed over by the program that took it.
    package init(adopting descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// For `ProcessSpec.descriptors`.
    package var raw: Int32 { descriptor.raw }
}
