import Glibc

/// Directories for temporary files, each of one process: made before it starts, removed with all in it after its end.
///
/// They lie in one directory of this process, which holds a lock on it (flock(2)): one without a lock is that of a process
/// that was killed, and is removed by the next that makes any. Usable from any thread.
///
/// ```text
/// /tmp/martlet-tmp-x7Fq2a     0711, ours, locked
/// ├─ 1                        0700, of the user the first process runs as
/// └─ 2
/// ```
package final class PrivateDirectories: Sendable {
    private static let prefix = "martlet-tmp-"
    /// Until it is locked it has this name, so that nobody takes it for one that was left.
    private static let newPrefix = ".martlet-tmp-"
    /// One that is still new after this time was left by a process that was killed at that instant.
    private static let newSeconds = 60

    private let base: String
    private let told: @Sendable (String) -> Void
    private let state = Monitor(State())

    private struct State {
        var root: Root?
        var next = 1
        /// To be removed, by names below the root.
        var waiting: [String] = []
        var isWorking = false
    }

    private final class Root: Sendable {
        let path: String
        let directory: FileDescriptor

        init(_ path: String, _ directory: consuming FileDescriptor) {
            self.path = path
            self.directory = directory
        }
    }

    /// Removes in another thread what was left by processes that are no more: once, now.
    ///
    /// - Parameter told: called in that thread, once for each directory of which something is left, with the reason.
    package init(in base: String = "/tmp", told: @escaping @Sendable (String) -> Void = { _ in }) {
        self.base = base
        self.told = told
        state.withLock { $0.isWorking = true }
        startWorking { $0.removeLeft() }
    }

    /// Makes one, empty.
    ///
    /// - Parameter owner: to whom it belongs; nil for us.
    func make(for owner: Credentials?) throws(SystemError) -> PrivateDirectory {
        let (root, name) = try state.withLock { (state: inout State) throws(SystemError) -> (Root, String) in
            // Somebody may have cleaned up.
            if let root = state.root, access(root.path, F_OK) != 0 { state.root = nil }
            let root: Root
            if let old = state.root { root = old } else { root = try makeRoot() }
            state.root = root
            defer { state.next += 1 }
            return (root, String(state.next))
        }
        let path = "\(root.path)/\(name)"
        guard mkdirat(root.directory.raw, name, 0o700) == 0 else {
            throw SystemError.last("make the directory \(path)")
        }
        if let owner, fchownat(root.directory.raw, name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0 {
            let error = SystemError.last("give the directory \(path) to \(owner.user)")
            unlinkat(root.directory.raw, name, AT_REMOVEDIR)
            throw error
        }
        return PrivateDirectory(path: path, name: name, of: self)
    }

    /// Removes one with all in it, in another thread.
    fileprivate func remove(_ name: String) {
        let isIdle = state.withLock { state in
            state.waiting.append(name)
            defer { state.isWorking = true }
            return !state.isWorking
        }
        if isIdle { startWorking { _ in } }
    }

    /// Waits until what was to be removed is gone, then removes their directory. What is not gone at the deadline is removed by
    /// the next process that makes any.
    package func close(by deadline: MonotonicTime) {
        guard state.wait(until: deadline, { $0.isWorking ? nil : true }) != nil else { return }
        state.withLock { state in
            if let root = state.root { rmdir(root.path) }
            state.root = nil
        }
    }

    // MARK: In a thread of its own

    private func startWorking(_ first: @escaping @Sendable (PrivateDirectories) -> Void) {
        let hasStarted = OSThread.start(name: "tmp") {
            first(self)
            self.work()
        }
        // Without a thread it is done by the next process, at the latest.
        if !hasStarted { state.withLock { $0.isWorking = false } }
    }

    private func work() {
        while let (root, name) = next() { remove(name, in: root.directory.raw, at: root.path) }
        state.notifyAll()
    }

    private func remove(_ name: String, in directory: Int32, at path: String) {
        if let reason = Tree.remove(name, in: directory) { told("left of the directory \(path)/\(name): \(reason)") }
    }

    private func next() -> (Root, String)? {
        state.withLock { state in
            guard let root = state.root, !state.waiting.isEmpty else {
                state.waiting = []
                state.isWorking = false
                return nil
            }
            return (root, state.waiting.removeFirst())
        }
    }

    /// Removes those of processes of our user that are no more.
    private func removeLeft() {
        guard let directory = try? FileDescriptor.open(base, O_RDONLY | O_DIRECTORY) else { return }
        let raw = directory.raw
        Tree.forEachName(in: raw) { name in
            guard name.hasPrefix(Self.prefix) || name.hasPrefix(Self.newPrefix) else { return }
            var status = stat()
            guard fstatat(raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_uid == geteuid(),
                status.st_mode & S_IFMT == S_IFDIR,
                !name.hasPrefix(Self.newPrefix) || status.st_mtim.tv_sec < time(nil) - Self.newSeconds,
                let left = try? Tree.open(name, in: raw), flock(left.raw, LOCK_EX | LOCK_NB) == 0
            else { return }
            let leftRaw = left.raw
            Tree.forEachName(in: leftRaw) { self.remove($0, in: leftRaw, at: "\(base)/\(name)") }
            unlinkat(raw, name, AT_REMOVEDIR)
            // Locked until here.
            _ = consume left
        }
        _ = consume directory
    }

    private func makeRoot() throws(SystemError) -> Root {
        var template = Array("\(base)/\(Self.newPrefix)XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError.last("make a directory in \(base)") }
        let new = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = "\(base)/\(Self.prefix)\(new.suffix(6))"
        let directory = try FileDescriptor.open(new, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        // Others may go through it, and see nothing.
        guard flock(directory.raw, LOCK_EX | LOCK_NB) == 0, fchmod(directory.raw, 0o711) == 0, rename(new, path) == 0
        else {
            let error = SystemError.last("make the directory \(path)")
            rmdir(new)
            throw error
        }
        return Root(path, directory)
    }
}

/// One that belongs to one process, or to one and those it has forked.
package final class PrivateDirectory: Sendable {
    package let path: String
    private let name: String
    private let directories: PrivateDirectories
    private let users = Monitor(1)

    fileprivate init(path: String, name: String, of directories: PrivateDirectories) {
        self.path = path
        self.name = name
        self.directories = directories
    }

    /// For one process more.
    package func shared() -> PrivateDirectory {
        users.withLock { $0 += 1 }
        return self
    }

    /// To be called once for each process, after it and what it started have ended. With the last one it is removed.
    package func giveUp() {
        let isLast = users.withLock { users in
            users -= 1
            return users == 0
        }
        if isLast { directories.remove(name) }
    }
}
