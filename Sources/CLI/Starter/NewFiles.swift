import Glibc
import Platform

/// Files that are written all or none, over nothing that is there.
enum NewFiles {
    enum Obstacle: Error {
        /// These are there already.
        case present([String])
        case system(SystemError)
    }

    /// - Parameter directory: exists.
    /// - Returns: the names of those that were written; a shared one that is there with these bytes is left as it is.
    static func write(_ files: [Starter.File], in directory: String) throws(Obstacle) -> [String] {
        let wanted = files.filter { !($0.isShared && contents(of: directory + "/" + $0.name) == $0.bytes) }
        let present = wanted.map(\.name).filter { exists(directory + "/" + $0) }
        guard present.isEmpty else { throw .present(present) }
        var written: [String] = []
        do throws(SystemError) {
            for file in wanted {
                let path = directory + "/" + file.name
                let descriptor = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o666)
                written.append(file.name)
                let failure = file.bytes.withUnsafeBytes { descriptor.writeAll($0) }
                if let failure { throw SystemError(code: failure, doing: "write \(file.name)") }
            }
        } catch {
            for name in written { unlink(directory + "/" + name) }
            throw .system(error)
        }
        return written
    }

    /// Also a link that leads nowhere.
    private static func exists(_ path: String) -> Bool {
        var facts = stat()
        return lstat(path, &facts) == 0
    }

    /// Nil if it cannot be read.
    private static func contents(of path: String) -> [UInt8]? {
        // Then it is not taken for the same, and its name is told.
        try? FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW).readAll()
    }
}
