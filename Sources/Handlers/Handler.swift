import Configuration
import JobModel
import Platform

/// A configured handler, with what is worked out once for all its processes.
struct Handler {
    private(set) var settings: HandlerSettings
    let environment: JobEnvironment
    /// Whose rights its processes get; nil to keep ours.
    let credentials: Credentials?
    /// Why it can never start; nil if it may.
    let objection: String?
    /// Soft limit on open files in its processes; nil to pass on ours.
    let openFilesLimit: UInt64?

    /// - Parameters:
    ///   - current: who we are. Only root can start a handler as somebody else.
    ///   - find: looks up a user's name; it may block, so a handler is made before the loop turns.
    ///   - jemalloc: looks for its library.
    init(
        _ settings: HandlerSettings, current: Credentials, openFilesLimit: UInt64?,
        find: (String) throws(SystemError) -> Credentials?, jemalloc: () -> String? = SharedLibrary.jemalloc
    ) {
        self.settings = settings
        self.openFilesLimit = openFilesLimit
        let library = settings.malloc == .jemalloc ? jemalloc() : nil
        let lack: String? =
            settings.malloc == .jemalloc && library == nil
            ? "its malloc is jemalloc, of which this machine has no library" : nil
        guard let user = settings.user, current.uid == 0 else {
            credentials = nil
            objection = lack
            environment = JobEnvironment(of: settings, owner: current, jemalloc: library)
            return
        }
        let found: Credentials?
        do {
            found = try find(user)
            objection = found == nil ? "its user \"\(user)\" does not exist" : lack
        } catch {
            found = nil
            objection = "its user \"\(user)\" cannot be looked up: \(error)"
        }
        credentials = found
        environment = JobEnvironment(of: settings, owner: found ?? current, jemalloc: library)
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
        spec.addressSpaceLimit = settings.limits.addressSpace.map(UInt64.init)
        // A worker hands out several jobs in a row; the first handler would otherwise push it aside before the second has its.
        spec.isBatch = true
        return spec
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
