import Configuration
import Glibc
import Platform
import Redis
import Supervisor

/// The private redis-server of `redis: embedded`: a unix socket, a directory of its own, and an append-only file in which
/// everything stands before it is answered.
struct EmbeddedRedis {
    let directory: String

    var socket: String { directory + "/redis.sock" }
    /// What the server itself has to say.
    var log: String { directory + "/redis.log" }

    init(_ environment: [String: String]) throws(EmbeddedRedisError) {
        guard let state = StateDirectory.path(environment) else { throw .noDirectory }
        directory = state + "/redis"
        // sun_path holds 108 bytes with the NUL, unix(7).
        guard socket.utf8.count < 108 else { throw .socketPathTooLong(socket) }
    }

    var endpoint: Redis.RedisEndpoint { .init(.unix(path: socket)) }

    /// Makes the directory and takes it for one server alone.
    ///
    /// The lock goes to the server as well: should the supervisor die alone, its successor finds the directory taken until
    /// that server has ended, and two servers never write the same file.
    func takeDirectory() throws(EmbeddedRedisError) -> FileLock {
        try Self.makeDirectories(directory)
        let deadline = MonotonicTime.now().advanced(bySeconds: Self.patienceSeconds)
        while true {
            do throws(SystemError) {
                if let lock = try FileLock.take(directory + "/lock") {
                    try proveRoom()
                    return lock
                }
            } catch {
                throw .system(error)
            }
            guard MonotonicTime.now() < deadline else { throw .taken(directory) }
            usleep(50_000)
        }
    }

    /// Fails where nothing can be written. The server would say so to a log that lies in the same place.
    private func proveRoom() throws(SystemError) {
        let path = directory + "/room"
        let file = try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC)
        defer { unlink(path) }
        let failure = [UInt8](repeating: 0, count: 4096).withUnsafeBytes { file.writeAll($0) }
        if let failure { throw SystemError(code: failure, doing: "write to \(directory)") }
    }

    /// How to start the server.
    ///
    /// - Parameter lock: the descriptor of the directory's lock, which the server inherits.
    func spec(lock: Int32) throws(EmbeddedRedisError) -> ChildSpec {
        let programs = Self.programs.lazy.compactMap { Executable.find($0, inPath: Self.searchPath) }
        guard let executable = programs.first else { throw .noServer }
        let process = ProcessSpec(
            executable: executable,
            arguments: [
                "redis-server", "--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", directory,
                "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--maxmemory-policy", "noeviction",
                "--daemonize", "no", "--loglevel", "notice", "--logfile", log,
            ], environment: ["PATH=\(Self.searchPath)", "LANG=C.UTF-8"], directory: directory,
            descriptors: [(1, STDERR_FILENO), (2, STDERR_FILENO), (3, lock)])
        return ChildSpec(role: .redisServer, process: process)
    }

    /// Which programs will do, the first that is there.
    private static let programs = ["redis-server", "valkey-server"]
    private static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// A server that lost its supervisor needs a moment to write its file and end.
    private static let patienceSeconds = 15.0

    private static func makeDirectories(_ path: String) throws(EmbeddedRedisError) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            if mkdir(made, 0o700) != 0, errno != EEXIST {
                throw .system(SystemError.last("make the directory \(made)"))
            }
        }
    }
}

/// Why the private Redis cannot be run.
enum EmbeddedRedisError: Error, CustomStringConvertible {
    case noDirectory
    case noServer
    case socketPathTooLong(String)
    case taken(String)
    case system(SystemError)

    var description: String {
        switch self {
        case .noDirectory:
            "`redis: embedded` needs a directory for its data: set STATE_DIRECTORY, XDG_STATE_HOME or HOME"
        case .noServer:
            "`redis: embedded` needs redis-server or valkey-server, and neither is installed (Debian: apt install redis-server)"
        case .socketPathTooLong(let path):
            "`redis: embedded`: a socket's path can have 107 bytes, this one is longer: \(path); set STATE_DIRECTORY to a shorter one"
        case .taken(let directory):
            "`redis: embedded`: \(directory) is in use by another Martlet; stop that one, or set another XDG_STATE_HOME"
        case .system(let error): "`redis: embedded`: \(error)"
        }
    }
}
