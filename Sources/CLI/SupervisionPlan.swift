import Configuration
import Glibc
import Platform
import Supervisor

/// The way from settings to what the supervisor runs.
struct SupervisionPlan {
    /// Started anew for each child, so that an upgrade of the file takes effect at the next start or reload.
    private let executable: String
    private let environment: [String]
    private let lock: Int32?
    private let openFilesLimit: UInt64

    /// - Parameters:
    ///   - lock: of the embedded Redis's directory, nil without one.
    ///   - openFilesLimit: the soft limit of open files that children get: what it was before the supervisor, which holds
    ///     two for each of them, raised its own.
    init(environment: [String: String], lock: Int32?, openFilesLimit: UInt64) throws(SystemError) {
        executable = try Self.ownExecutable()
        // Workers greet Redis with what stands in their settings, not in their environment.
        self.environment = environment.filter { Self.passedOn.contains($0.key) }.map { "\($0.key)=\($0.value)" }
            .sorted()
        self.lock = lock
        self.openFilesLimit = openFilesLimit
    }

    func plan(_ settings: Settings, _ environment: [String: String]) throws(EmbeddedRedisError) -> Plan {
        var children: [ChildSpec] = []
        if settings.redis == .embedded, let lock {
            children.append(try EmbeddedRedis(environment).spec(lock: lock))
        }
        children.append(ChildSpec(role: .scheduler, process: process(["scheduler"])))
        for index in 0..<settings.processes {
            children.append(
                ChildSpec(role: .worker, index: index, process: process(["worker", "--index", String(index)])))
        }
        return Plan(
            children: children, workers: settings.autoProcesses.map { $0.minimum...$0.maximum },
            settings: settings.encoded(), stopTimeout: settings.stopTimeout)
    }

    private func process(_ arguments: [String]) -> ProcessSpec {
        ProcessSpec(
            executable: executable, arguments: ["martlet"] + arguments, environment: environment,
            descriptors: [(0, STDIN_FILENO), (1, STDOUT_FILENO), (2, STDERR_FILENO)],
            // A worker that runs handlers as other users needs the rights it was started with.
            noNewPrivileges: false, openFilesLimit: openFilesLimit)
    }

    /// What our own roles need of the environment; handlers get none of it.
    private static let passedOn: Set<String> = [
        "PATH", "HOME", "USER", "LANG", "TZ", "TERM", "NO_COLOR", "JOURNAL_STREAM", "STATE_DIRECTORY", "XDG_STATE_HOME",
        "SWIFT_BACKTRACE",
        // Another allocator, say, is meant for workers above all.
        "LD_PRELOAD", "LD_LIBRARY_PATH", "GLIBC_TUNABLES",
    ]

    /// The path of this program: /proc/self/exe, so that a renamed or moved binary finds itself; but while that file was
    /// replaced by an upgrade, the new one of the same name.
    private static func ownExecutable() throws(SystemError) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { throw SystemError(code: errno, doing: "find this program by /proc/self/exe") }
        let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        let deleted = " (deleted)"
        return path.hasSuffix(deleted) ? String(path.dropLast(deleted.count)) : path
    }
}
