import CPosix
import Glibc

/// Everything a child is made of. What is not named here it does not get.
package struct ProcessSpec: Sendable {
    /// Which process group the child starts in; see credentials(7).
    package enum Group: Sendable {
        /// A new group of which it is the leader: `ChildProcess.signalGroup` reaches it and what it starts.
        case own
        /// A new session, and so a new group, without a terminal.
        case session
        /// That of this process.
        case inherited
    }

    /// An absolute path; PATH is not searched.
    package var executable: String
    /// Whether it may be executed, looked at each time; nil: nobody asks.
    package var check: ProgramCheck?
    /// The whole argv, with the name it is called by first.
    package var arguments: [String]
    /// "NAME=value", exactly these, in this order.
    package var environment: [String]
    /// Nil: that of this process.
    package var directory: String?
    /// It gets a directory for temporary files of its own from these, and the variables TMPDIR, TMP and TEMP that say where;
    /// whoever takes its exit report removes it: `ChildProcess.privateDirectory`.
    package var privateDirectories: PrivateDirectories?
    /// Numbers in the child and what they are of ours, each number in the child once. Everything else is closed;
    /// of 0, 1 and 2 those not named are /dev/null.
    package var descriptors: [(child: Int32, parent: Int32)]
    package var group: Group
    /// What the child is sent when the *thread* that spawned it ends: PR_SET_PDEATHSIG in prctl(2).
    package var parentDeathSignal: Signal?
    /// Nil: those of this process.
    package var credentials: Credentials?
    /// Set-user-ID programs and file capabilities gain the child nothing: PR_SET_NO_NEW_PRIVS in prctl(2).
    package var noNewPrivileges: Bool
    /// It is taken for work that nobody waits for, SCHED_BATCH of sched(7), if this process has the usual policy: waking it
    /// does not interrupt whoever woke it. Its share of the processors stays what it is.
    package var isBatch = false
    /// The soft limit of open files, cut to the hard one; nil: that of this process.
    package var openFilesLimit: UInt64?
    /// Bytes of virtual memory it may have, RLIMIT_AS of setrlimit(2); cut to the hard limit of this process. Nil: that of this
    /// process.
    package var addressSpaceLimit: UInt64?
    /// Each kind once; they replace `openFilesLimit`.
    package var limits: [ResourceLimit] = []
    /// umask(2); nil: that of this process.
    package var fileModeMask: UInt32?
    /// The nice value, -20 to 19; nil: that of this process.
    package var nice: Int32?
    /// Nil: that of this process.
    package var ioPriority: IOPriority?
    /// The cgroup it begins in, of version 2 and without controllers handed on; nil: that of this process.
    package var controlGroup: ControlGroup?

    package init(
        executable: String, arguments: [String], environment: [String] = [], directory: String? = nil,
        descriptors: [(child: Int32, parent: Int32)] = [], group: Group = .own, parentDeathSignal: Signal? = nil,
        credentials: Credentials? = nil, noNewPrivileges: Bool = true, openFilesLimit: UInt64? = nil,
        controlGroup: ControlGroup? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.directory = directory
        self.descriptors = descriptors
        self.group = group
        self.parentDeathSignal = parentDeathSignal
        self.credentials = credentials
        self.noNewPrivileges = noNewPrivileges
        self.openFilesLimit = openFilesLimit
        self.controlGroup = controlGroup
    }

    /// Starts the program; returns once it has been executed. Every signal has its default in it and none is blocked.
    ///
    /// Blocks the calling thread for 100 to 500 microseconds (vfork). With a parent-death signal, call it from a thread
    /// that lives as long as the process. From several threads at once it is safe.
    package func spawn() throws(SpawnError) -> ChildProcess {
        let table = descriptors.sorted { $0.child < $1.child }
        try check(table)
        let argumentVector = CStringVector(arguments)
        let program = try program()
        let temporary = try makePrivateDirectory()
        let environmentVector = CStringVector(
            temporary.map { Self.environment(environment, temporary: $0.path) } ?? environment)
        // An unprivileged process may name its own user: there is nothing to change, and no right to.
        let change = credentials.flatMap { geteuid() == $0.uid && geteuid() != 0 ? nil : $0 }

        let since = MonotonicTime.now()
        var child = cposix_child()
        var scratch = [Int32](repeating: -1, count: table.count)
        let error = executable.withCString { executable in
            withOptionalCString(directory) { directory in
                table.map(\.child).withUnsafeBufferPointer { numbers in
                    table.map(\.parent).withUnsafeBufferPointer { parents in
                        scratch.withUnsafeMutableBufferPointer { scratch in
                            (change?.groups ?? []).withUnsafeBufferPointer { groups in
                                limits.map(\.raw).withUnsafeBufferPointer { limits in
                                    var spec = cposix_spawn(
                                        executable: executable, program: program.raw,
                                        arguments: argumentVector.pointer,
                                        environment: environmentVector.pointer, directory: directory,
                                        child_descriptors: numbers.baseAddress, parent_descriptors: parents.baseAddress,
                                        scratch: scratch.baseAddress, descriptor_count: table.count, group: groupKind,
                                        parent_death_signal: parentDeathSignal?.number ?? 0,
                                        no_new_privileges: noNewPrivileges ? 1 : 0, is_batch: isBatch ? 1 : 0,
                                        change_credentials: change == nil ? 0 : 1, uid: change?.uid ?? 0,
                                        gid: change?.gid ?? 0, groups: groups.baseAddress, group_count: groups.count,
                                        open_files_limit: openFilesLimit ?? 0,
                                        address_space_limit: addressSpaceLimit ?? 0, limits: limits.baseAddress,
                                        limit_count: limits.count, file_mode_mask: fileModeMask.map(Int32.init) ?? -1,
                                        sets_priority: nice == nil ? 0 : 1, priority: nice ?? 0,
                                        io_priority: ioPriority?.raw ?? 0, control_group: controlGroup?.raw ?? -1)
                                    return cposix_spawn(&spec, &child)
                                }
                            }
                        }
                    }
                }
            }
        }
        // Its descriptor must be open until then.
        withExtendedLifetime(program) {}
        if error != 0 { temporary?.giveUp() }
        guard error == 0 else { throw failure(error, SpawnError.Step(rawValue: child.step) ?? .fork) }
        return ChildProcess(
            pid: child.pid, pidfd: FileDescriptor(child.pidfd), since: since, privateDirectory: temporary)
    }

    private func makePrivateDirectory() throws(SpawnError) -> PrivateDirectory? {
        guard let privateDirectories else { return nil }
        do throws(SystemError) {
            return try privateDirectories.make(for: credentials)
        } catch {
            throw SpawnError(code: error.code, step: .privateDirectory, subject: "\(executable): cannot \(error.doing)")
        }
    }

    private static func environment(_ environment: [String], temporary path: String) -> [String] {
        let names = ["TEMP=", "TMP=", "TMPDIR="]
        return environment.filter { variable in !names.contains { variable.hasPrefix($0) } } + names.map { $0 + path }
    }

    private func program() throws(SpawnError) -> ProgramCheck.Opened {
        guard let check else { return .byPath }
        return try check.open()
    }

    private var groupKind: Int32 {
        switch group {
        case .inherited: Int32(CPOSIX_GROUP_INHERITED.rawValue)
        case .own: Int32(CPOSIX_GROUP_OWN.rawValue)
        case .session: Int32(CPOSIX_GROUP_SESSION.rawValue)
        }
    }

    /// Refuses what C would silently cut or what would overwrite itself.
    private func check(_ table: [(child: Int32, parent: Int32)]) throws(SpawnError) {
        for text in arguments + environment + [executable, directory ?? ""] where text.utf8.contains(0) {
            throw SpawnError(code: EINVAL, step: .description, subject: "text with a NUL byte to \(executable)")
        }
        for (lower, upper) in zip(table, table.dropFirst()) where lower.child == upper.child {
            throw SpawnError(
                code: EINVAL, step: .description, subject: "descriptor \(lower.child) twice to \(executable)")
        }
        for entry in table where entry.child < 0 || entry.parent < 0 {
            throw SpawnError(code: EBADF, step: .description, subject: "descriptor \(entry.child) to \(executable)")
        }
    }

    private func failure(_ code: Int32, _ step: SpawnError.Step) -> SpawnError {
        // execve(2) answers the same to both; nobody should look for a program that is there.
        if step == .execute, code == ENOENT, access(executable, F_OK) == 0 {
            return SpawnError(code: code, step: .interpreter, subject: executable)
        }
        let subject =
            switch step {
            case .directory: directory ?? executable
            case .credentials: credentials?.user ?? executable
            case .controlGroup: controlGroup?.path ?? executable
            default: executable
            }
        return SpawnError(code: code, step: step, subject: subject)
    }

    private func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        guard let text else { return body(nil) }
        return text.withCString { body($0) }
    }
}
