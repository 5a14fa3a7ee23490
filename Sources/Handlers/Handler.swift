import Configuration
import JobModel
import Platform

/// A configured handler, with what is worked out once for all its processes.
struct Handler {
    private(set) var settings: HandlerSettings
    let environment: JobEnvironment
    let program: HandlerProgram
    /// Whose rights its processes get; nil to keep ours.
    let credentials: Credentials?
    /// Why it can never start; nil if it may.
    let objection: String?
    /// Soft limit on open files in its processes; nil to pass on ours.
    let openFilesLimit: UInt64?
    /// Looked at before each start of a process.
    let check: ProgramCheck
    /// Where its processes have directories of their own for temporary files; nil if they have none.
    private let privateDirectories: PrivateDirectories?

    /// - Parameters:
    ///   - current: who we are. Only root can start a handler as somebody else.
    ///   - find: looks up a user's name; it may block, so a handler is made before the loop turns.
    ///   - findGroup: likewise.
    ///   - jemalloc: looks for its library.
    init(
        _ settings: HandlerSettings, current: Credentials, openFilesLimit: UInt64?,
        find: (String) throws(SystemError) -> Credentials?,
        findGroup: (String) throws(SystemError) -> UInt32? = Credentials.group(named:),
        jemalloc: () -> String? = SharedLibrary.jemalloc, privateDirectories: PrivateDirectories? = nil
    ) {
        self.privateDirectories = settings.confinement.privateTmp ? privateDirectories : nil
        self.settings = settings
        program = HandlerProgram(settings.program)
        self.openFilesLimit = openFilesLimit
        let library = settings.malloc == .jemalloc ? jemalloc() : nil
        let lack: String? =
            settings.malloc == .jemalloc && library == nil
            ? "its malloc is jemalloc, of which this machine has no library" : nil
        // Only root can become somebody else.
        let (found, stranger) =
            current.uid == 0 ? Self.credentials(of: settings, current: current, find, findGroup) : (nil, nil)
        credentials = found
        objection = stranger ?? lack
        check = ProgramCheck(of: settings, runsAs: found?.uid ?? current.uid)
        environment = JobEnvironment(of: settings, owner: found ?? current, jemalloc: library)
    }

    /// Whose rights its processes get, nil for ours; and why that cannot be said, if it cannot.
    private static func credentials(
        of settings: HandlerSettings, current: Credentials, _ find: (String) throws(SystemError) -> Credentials?,
        _ findGroup: (String) throws(SystemError) -> UInt32?
    ) -> (Credentials?, objection: String?) {
        var credentials: Credentials?
        if let user = settings.user {
            do throws(SystemError) {
                credentials = try find(user)
            } catch {
                return (nil, "its user \"\(user)\" cannot be looked up: \(error)")
            }
            if credentials == nil { return (nil, "its user \"\(user)\" does not exist") }
        }
        guard let group = settings.confinement.group else { return (credentials, nil) }
        do throws(SystemError) {
            guard let gid = try findGroup(group) else { return (nil, "its group \"\(group)\" does not exist") }
            return ((credentials ?? current).with(gid: gid), nil)
        } catch {
            return (nil, "its group \"\(group)\" cannot be looked up: \(error)")
        }
    }

    /// As its pool has it: of those that are forked the preloader has the age.
    var forPool: Handler {
        var handler = self
        if settings.mode == .fork { handler.settings.maxAge = nil }
        return handler
    }

    /// The same program in processes that do one run each. One that is kept ready and is not needed soon ends.
    var forSingleRuns: Handler { Handler(singleRunsOf: self) }

    private init(singleRunsOf handler: Handler) {
        self = handler
        settings.maxJobs = 1
        settings.threads = 1
        settings.idleTimeout = min(settings.idleTimeout ?? 60, 60)
    }

    /// What its processes are, but for their descriptors and environment.
    func spec(environment: [String], descriptors: [(child: Int32, parent: Int32)]) -> ProcessSpec {
        var spec = ProcessSpec(
            executable: settings.executable, arguments: settings.command, environment: environment,
            directory: settings.directory, descriptors: descriptors)
        spec.group = .own
        // Whatever becomes of us, no handler outlives the thread that started it.
        spec.parentDeathSignal = .kill
        spec.credentials = credentials
        spec.openFilesLimit = openFilesLimit
        spec.check = check
        spec.privateDirectories = privateDirectories
        confine(&spec)
        // A worker hands out several jobs in a row; the first handler would otherwise push it aside before the second has its.
        spec.isBatch = true
        return spec
    }

    private func confine(_ spec: inout ProcessSpec) {
        let limits = settings.limits
        spec.addressSpaceLimit = limits.addressSpace.map(UInt64.init)
        let values: [(ResourceLimit.Kind, Int?)] = [
            (.openFiles, limits.openFiles), (.processes, limits.processes), (.cpuTime, limits.cpuSeconds),
            (.fileSize, limits.fileSize), (.core, limits.core),
        ]
        spec.limits = values.compactMap { kind, value in value.map { ResourceLimit(kind, UInt64($0)) } }
        spec.fileModeMask = settings.confinement.umask.map(UInt32.init)
        spec.nice = settings.confinement.nice.map(Int32.init)
        spec.ioPriority =
            switch settings.confinement.ioPriority {
            case .idle?: .idle
            case .bestEffort(let level)?: .bestEffort(level)
            case nil: nil
            }
    }

    var timeoutFailure: Failure {
        Failure(
            errorClass: ErrorClass.timeout,
            message: "exceeded \(Self.text(seconds: settings.timeout ?? 0)) (timeout of handler \(settings.name))")
    }

    func startFailure(_ reason: String) -> Failure {
        Failure(errorClass: ErrorClass.startFailed, message: "handler \(settings.name) did not start: \(reason)")
    }

    /// A duration as the configuration writes it: "5m", "90s", "500ms".
    static func text(seconds: Double) -> String {
        let milliseconds = Int((seconds * 1000).rounded())
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
        where milliseconds >= size && milliseconds % size == 0 {
            return "\(milliseconds / size)\(unit)"
        }
        return "\(milliseconds)ms"
    }
}
