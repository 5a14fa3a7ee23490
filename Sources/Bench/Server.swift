import Glibc
import Platform
import Redis

/// A redis-server of the bench's own on a unix socket and a port of the loopback device; nothing else speaks to it.
final class Server {
    let socket: String
    let port: Int
    let connection: RedisConnection
    let pid: Int32
    private let child: ChildProcess

    /// - Parameters:
    ///   - name: of its directory in the workshop.
    ///   - appendOnly: whether it writes every change to a file that is synchronised every second.
    init(_ name: String, appendOnly: Bool, _ workshop: Workshop, _ patience: Patience) throws {
        let directory = workshop.file(name)
        guard mkdir(directory, 0o700) == 0 else { throw SystemError.last("make \(directory)") }
        let socket = "\(directory)/redis.sock"
        let log = try FileDescriptor.open("\(directory)/log", O_WRONLY | O_CREAT | O_APPEND)
        let port = try Self.freePort()
        let child = try workshop.spec(
            "/usr/bin/redis-server",
            [
                "--port", "\(port)", "--bind", "127.0.0.1", "--unixsocket", socket, "--dir", directory, "--save", "",
                "--appendonly", appendOnly ? "yes" : "no", "--appendfsync", "everysec",
            ], output: log.raw, onDeath: .kill
        ).spawn()
        do {
            var connection: RedisConnection?
            try patience.wait(for: "redis-server: \(workshop.text("\(name)/log"))", limit: 10) {
                connection = try? RedisConnection.open(
                    RedisEndpoint(.unix(path: socket)), timeout: 60, name: "bench")
                return connection != nil
            }
            guard let connection else { preconditionFailure("the wait ends with a connection") }
            self.connection = connection
        } catch {
            child.signal(.kill)
            _ = child.wait(until: .never)
            throw error
        }
        self.socket = socket
        self.port = port
        self.child = child
        pid = child.pid
    }

    /// A port of the loopback device that nobody uses at this moment.
    private static func freePort() throws -> Int {
        let descriptor = FileDescriptor(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor.raw, $0, size) == 0 ? getsockname(descriptor.raw, $0, &size) : -1
            }
        }
        guard result == 0 else { throw SystemError.last("find a free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    func stop() {
        // Nothing in it is worth a proper end.
        child.signal(.kill)
        _ = child.wait(until: .never)
    }

    /// Microseconds of processor time it has used so far.
    var microseconds: Double { Usage.ownMicroseconds(pid) }

    @discardableResult
    func call(_ words: String...) throws -> RedisReply { try connection.call(RedisCommand(words)).accepted() }

    func integer(_ words: String...) throws -> Int {
        try connection.call(RedisCommand(words)).accepted().integer ?? 0
    }

    func version() throws -> String {
        let lines = try call("INFO", "server").text?.split(whereSeparator: \.isNewline) ?? []
        return lines.first { $0.hasPrefix("redis_version:") }.map { String($0.dropFirst("redis_version:".count)) }
            ?? "?"
    }
}
