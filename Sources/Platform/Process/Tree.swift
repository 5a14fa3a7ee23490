import CPosix
import Glibc

/// Removing a directory with all in it, whatever somebody else does there meanwhile: nothing is reached by a path, no symbolic
/// link is followed, and nothing is entered that is mounted there, be it of the same file system.
enum Tree {
    /// Directories that are open at once. What lies deeper is moved up, so that nobody's depth takes all our descriptors.
    private static let deepest = 32
    /// Whoever makes files as fast as they are removed is not outlasted.
    static let mostPasses = 10

    /// - Parameter directory: in which it lies.
    /// - Returns: why some of it is left; nil when it is gone.
    static func remove(_ name: String, in directory: Int32) -> String? {
        var removal = Removal(top: directory)
        var rest = [name]
        var left: String?
        while let name = rest.popLast() {
            var passes = 0
            var isGone = false
            // What is made meanwhile takes another pass, as long as each has removed something.
            repeat {
                removal.count = 0
                removal.left = nil
                isGone = removal.remove(name, in: directory, depth: 0)
                passes += 1
            } while !isGone && removal.count > 0 && passes < mostPasses
            if !isGone { left = left ?? removal.left ?? "it is being filled" }
            rest += removal.movedUp
            removal.movedUp = []
        }
        return left
    }

    /// Goes through what is in an open directory, but for `.` and `..`; it may be removed meanwhile.
    static func forEachName(in directory: Int32, _ body: (String) -> Void) {
        // Of its own, since reading moves its offset and closing closes it.
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0 else { return }
        guard let list = fdopendir(copy) else {
            close(copy)
            return
        }
        defer { closedir(list) }
        forEachName(of: list, body)
    }

    /// Opens a directory that lies in another one, as `cposix_open_within`.
    static func open(_ name: String, in directory: Int32) throws(SystemError) -> FileDescriptor {
        var descriptor: Int32 = -1
        let error = cposix_open_within(directory, name, &descriptor)
        guard error == 0 else { throw SystemError(code: error, doing: "open \(name)") }
        return FileDescriptor(descriptor)
    }

    /// One name is held at a time, however many there are.
    private static func forEachName(of list: OpaquePointer, _ body: (String) -> Void) {
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { body(name) }
        }
    }

    private struct Removal {
        let top: Int32
        var count = 0
        var movedUp: [String] = []
        /// The first thing that cannot be removed, and why.
        var left: String?

        init(top: Int32) { self.top = top }

        /// - Returns: whether it is gone.
        mutating func remove(_ name: String, in directory: Int32, depth: Int) -> Bool {
            if unlinkat(directory, name, 0) == 0 || errno == ENOENT { return removed() }
            guard errno == EISDIR || errno == EPERM || errno == EACCES else { return leave(name, errno) }
            // Empty ones need no opening.
            if unlinkat(directory, name, AT_REMOVEDIR) == 0 { return removed() }
            if depth >= deepest {
                let new = ".martlet-tmp-deep-\(UInt64.random(in: .min ... .max))"
                guard renameat(directory, name, top, new) == 0 else { return leave(name, errno) }
                movedUp.append(new)
                return removed()
            }
            var child: Int32 = -1
            let error = open(name, in: directory, &child)
            guard error == 0 else { return leave(name, error) }
            guard let list = fdopendir(child) else {
                close(child)
                return leave(name, ENOMEM)
            }
            defer { closedir(list) }
            var isEmpty = true
            forEachName(of: list) { if !remove($0, in: child, depth: depth + 1) { isEmpty = false } }
            guard isEmpty else { return false }
            guard unlinkat(directory, name, AT_REMOVEDIR) == 0 else { return leave(name, errno) }
            return removed()
        }

        private mutating func removed() -> Bool {
            count += 1
            return true
        }

        private mutating func leave(_ name: String, _ error: Int32) -> Bool {
            if left == nil {
                switch error {
                case EXDEV, EBUSY: left = "something is mounted at \(name)"
                case ENOTSUP: left = "this kernel cannot tell whether something is mounted at \(name)"
                case ENOTEMPTY, EEXIST: left = "\(name) is being filled"
                default: left = "\(name) cannot be removed: \(SystemError.text(of: error))"
                }
            }
            return false
        }

        /// Made ours to read and write where rights count.
        ///
        /// - Returns: 0 or an error.
        private func open(_ name: String, in directory: Int32, _ child: inout Int32) -> Int32 {
            var error = cposix_open_within(directory, name, &child)
            if error == EACCES, geteuid() != 0 {
                // Only its owner, so ourselves, can have put a link there meanwhile.
                fchmodat(directory, name, 0o700, 0)
                error = cposix_open_within(directory, name, &child)
            }
            if error == 0, geteuid() != 0 { fchmod(child, 0o700) }
            return error
        }
    }
}
