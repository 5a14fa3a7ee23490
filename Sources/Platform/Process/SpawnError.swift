import CPosix

/// A program that could not be started, and how far it came.
package struct SpawnError: Error, Equatable, CustomStringConvertible {
    /// The errno.
    package let code: Int32
    package let step: Step
    /// What the step was about: the executable, the directory, the user; empty if the step says it all.
    package let subject: String

    /// What was being done when it failed, in the order in which it is done.
    package enum Step: Int32, Sendable, CaseIterable {
        /// An argument or variable contains a NUL, or descriptors were named twice.
        case description = 0
        case fork, group, descriptors, directory, openFilesLimit, credentials, privileges, parentDeath, execute, pidfd,
            controlGroup, addressSpaceLimit, limits, priority, ioPriority
        /// Somebody could have exchanged the program: `subject` says who and where.
        case trust = 100
        /// As `execute`: the program is there, and what its first line or its header names is not.
        case interpreter = 101
        /// Its directory for temporary files could not be made.
        case privateDirectory = 102
    }

    package var description: String {
        if step == .trust { return subject }
        let reason = SystemError.text(of: code)
        let what =
            switch step {
            case .description: "pass on"
            case .fork: "make a process for"
            case .group: "make a process group for"
            case .descriptors: "arrange the descriptors of"
            case .directory: "change to the directory"
            case .openFilesLimit: "set the limit of open files of"
            case .credentials: "become the user"
            case .privileges: "give up new privileges for"
            case .parentDeath: "set the parent-death signal of"
            case .execute: "execute"
            case .pidfd: "watch"
            case .interpreter: "find the interpreter of"
            case .controlGroup: "enter the cgroup"
            case .addressSpaceLimit: "set the limit of virtual memory of"
            case .trust: "trust"
            case .privateDirectory: "start"
            case .limits: "set the limits of"
            case .priority: "set the priority (nice) of"
            case .ioPriority: "set the priority of input and output (ionice) of"
            }
        return "cannot \(what) \(subject): \(reason)"
    }
}
