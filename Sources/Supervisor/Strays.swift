import Glibc
import Platform

/// Processes that were handed to the supervisor because their parent died: it is a subreaper (prctl(2)), so a handler's
/// descendants come to it however they detached themselves.
enum Strays {
    /// Sends SIGKILL to every stray and to its process group, and reaps those that have ended.
    ///
    /// A stray's own children are handed over when it ends, so this is repeated until nothing is left.
    /// - Parameter known: pids of the supervisor's children, each the leader of its group; neither is touched.
    /// - Returns: how many are left.
    static func kill(knowing known: Set<Int32>) -> Int {
        let left = reap(knowing: known)
        for stray in left {
            // A number that has not been reaped cannot belong to anybody else, neither as a pid nor as a group.
            if stray.group > 1, stray.group != getpgrp(), !known.contains(stray.group) {
                Glibc.kill(-stray.group, SIGKILL)
            }
            Glibc.kill(stray.pid, SIGKILL)
        }
        return left.count
    }

    /// Takes the exit status, which nobody wants, of those that have ended.
    ///
    /// - Returns: those that live.
    @discardableResult
    static func reap(knowing known: Set<Int32>) -> [ProcessEntry] {
        ProcessTree.adopted(knowing: known).filter { !ProcessTree.reap($0.pid) }
    }
}
