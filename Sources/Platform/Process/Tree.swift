import Glibc

/// Removing a directory with all in it, whatever somebody else does there meanwhile: nothing is reached by a path, no symbolic
/// link is followed, no other file system is entered.
enum Tree {
    /// Directories that are open at once. What lies deeper is moved up, so that nobody's depth takes all our descriptors.
    private static let deepest = 32

    /// - Parameter directory: in which it lies.
    /// - Returns: whether it is gone.
    @discardableResult
    static func remove(_ name: String, in directory: Int32) -> Bool {
        var removal = Removal(top: directory)
        var rest = [name]
        var isGone = true
        while let name = rest.popLast() {
            // What is made meanwhile takes another pass, as long as each has removed something.
            repeat {
                removal.count = 0
                isGone = removal.remove(name, in: directory, depth: 0)
            } while !isGone && removal.count > 0
            rest += removal.movedUp
            removal.movedUp = []
        }
        return isGone
    }

    /// What is in an open directory, but for `.` and `..`.
    static func names(in directory: Int32) -> [String] {
        // Of its own, since reading moves its offset and closing closes it.
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let list = fdopendir(copy) else { return [] }
        defer { closedir(list) }
        var names: [String] = []
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private struct Removal {
        let top: Int32
        var count = 0
        var movedUp: [String] = []

        init(top: Int32) { self.top = top }

        /// - Returns: whether it is gone.
        mutating func remove(_ name: String, in directory: Int32, depth: Int) -> Bool {
            if unlinkat(directory, name, 0) == 0 || errno == ENOENT { return removed() }
            guard errno == EISDIR || errno == EPERM || errno == EACCES else { return false }
            // Empty ones need no opening.
            if unlinkat(directory, name, AT_REMOVEDIR) == 0 { return removed() }
            if depth >= deepest {
                let new = ".martlet-tmp-deep-\(UInt64.random(in: .min ... .max))"
                guard renameat(directory, name, top, new) == 0 else { return false }
                movedUp.append(new)
                return removed()
            }
            guard let child = open(name, in: directory) else { return false }
            defer { close(child) }
            var isEmpty = true
            for name in names(in: child) where !remove(name, in: child, depth: depth + 1) { isEmpty = false }
            guard isEmpty, unlinkat(directory, name, AT_REMOVEDIR) == 0 else { return false }
            return removed()
        }

        private mutating func removed() -> Bool {
            count += 1
            return true
        }

        /// One of the same file system, made ours to read and write where rights count.
        private func open(_ name: String, in directory: Int32) -> Int32? {
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            var child = openat(directory, name, flags)
            if child < 0, errno == EACCES, geteuid() != 0 {
                // Only its owner, so ourselves, can have put a link there meanwhile.
                fchmodat(directory, name, 0o700, 0)
                child = openat(directory, name, flags)
            }
            guard child >= 0 else { return nil }
            if geteuid() != 0 { fchmod(child, 0o700) }
            var (here, there) = (stat(), stat())
            guard fstat(top, &here) == 0, fstat(child, &there) == 0, here.st_dev == there.st_dev else {
                close(child)
                return nil
            }
            return child
        }
    }
}
