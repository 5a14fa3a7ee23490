import CPosix
import Glibc

/// Who descends from whom, by a scan of /proc. It takes about 10 microseconds for each process of
/// the machine, so it is for the end of a process, not for every turn.
package enum ProcessTree {
    /// Every process this one can see, in no order. Those that begin or end meanwhile may be missing.
    package static func all() -> [ProcessEntry] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var entries: [ProcessEntry] = []
        while let item = readdir(directory) {
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let pid = Int32(name), let entry = ProcessEntry(pid: pid) { entries.append(entry) }
        }
        return entries
    }

    /// The direct children of a process, zombies included.
    package static func children(of pid: Int32) -> [Int32] { all().filter { $0.parent == pid }.map(\.pid) }

    /// Children, their children and so on, parents before children, zombies included.
    package static func descendants(of pid: Int32) -> [Int32] { descendants(of: pid, in: all()).map(\.pid) }

    /// The children of this process that it did not start: orphans it adopted as a subreaper.
    ///
    /// - Parameter own: the pids of the children it did start and has not reaped.
    package static func adopted(knowing own: Set<Int32>) -> [ProcessEntry] {
        let me = getpid()
        return all().filter { $0.parent == me && !own.contains($0.pid) }
    }

    /// Descendants of a process in a list of processes, parents before children.
    package static func descendants(of pid: Int32, in entries: [ProcessEntry]) -> [ProcessEntry] {
        let families = Dictionary(grouping: entries, by: \.parent)
        var found: [ProcessEntry] = []
        var seen: Set<Int32> = [pid]
        var parents = [pid]
        // The list is not of one instant: a reused number could close a circle, hence `seen`.
        while let parent = parents.popLast() {
            for child in families[parent] ?? [] where seen.insert(child.pid).inserted {
                found.append(child)
                parents.append(child.pid)
            }
        }
        return found
    }

    /// Makes this process the one orphaned descendants fall to: PR_SET_CHILD_SUBREAPER in prctl(2).
    ///
    /// From then on it has children it did not start, which it must `reap`.
    package static func becomeSubreaper() throws(SystemError) {
        let error = cposix_become_subreaper()
        guard error == 0 else { throw SystemError(code: error, doing: "become a subreaper") }
    }

    /// Removes the zombie of an adopted child.
    ///
    /// Never for a child that a `ChildProcess` stands for: its exit report would be lost.
    /// - Returns: false if it still runs or is not our child.
    @discardableResult
    package static func reap(_ pid: Int32) -> Bool { waitpid(pid, nil, WNOHANG) == pid }

    /// Kills a process and all its descendants, whatever group or session they moved to.
    ///
    /// They are stopped first, parents before children, until a scan finds nobody new: a tree that goes on forking
    /// cannot outrun that. Those whose parent has ended already have left the tree; look for them among `adopted`.
    /// - Parameter sparing: whether `pid` itself is left alone, for killing what a process has left behind.
    /// - Returns: the pids that were sent SIGKILL.
    @discardableResult
    package static func kill(_ pid: Int32, sparing: Bool = false) -> [Int32] {
        var stopped: [ProcessEntry] = []
        var seen: Set<ProcessEntry.Identity> = []
        // Each round stops at least one generation; 32 of them, or a machine on which stopping fails.
        for _ in 0..<32 {
            let entries = all()
            var tree = descendants(of: pid, in: entries)
            if !sparing, let root = entries.first(where: { $0.pid == pid }) { tree.insert(root, at: 0) }
            let new = tree.filter { !$0.isZombie && seen.insert($0.identity).inserted }
            if new.isEmpty { break }
            for entry in new { send(.stop, to: entry) }
            stopped += new
        }
        return stopped.filter { send(.kill, to: $0) }.map(\.pid)
    }

    /// Sends a signal to the process an entry stands for, not to one that has its number by now.
    ///
    /// - Returns: false if it has ended or its credentials forbid it.
    @discardableResult
    package static func send(_ signal: Signal, to entry: ProcessEntry) -> Bool {
        var raw: Int32 = -1
        guard cposix_pidfd_open(entry.pid, &raw) == 0 else { return false }
        let pidfd = FileDescriptor(raw)
        // The descriptor holds whoever had the number just now; only then is it compared.
        guard ProcessEntry(pid: entry.pid)?.startTime == entry.startTime else { return false }
        return cposix_pidfd_signal(pidfd.raw, signal.number) == 0
    }
}
