import Glibc
import Platform
package import Redis

/// A redis-server of one test's own, on a unix socket in a directory of its own; gone with this object.
package final class RedisServer {
    package let directory = TemporaryDirectory()
    private let program: String
    private let options: [String]
    private let wrapper: [String]
    private var child: ChildProcess?
    // While it is open the server lives: a shell beside the server reads it and kills the server at its end, which
    // comes even if the test's process is killed.
    private var lifeline: FileDescriptor?

    /// - Parameters:
    ///   - options: more of redis-server's arguments, such as ["--maxmemory", "10mb"]; later ones win.
    ///   - wrapper: a program and arguments that end by executing what follows them.
    ///   - program: one of `RedisProgram`.
    package init(_ options: [String] = [], wrapper: [String] = [], program: String = RedisProgram.standard) {
        self.program = program
        self.options = options
        self.wrapper = wrapper
        start()
    }

    deinit { stop() }

    package var socketPath: String { "\(directory.path)/redis.sock" }
    package var endpoint: RedisEndpoint { RedisEndpoint(.unix(path: socketPath)) }

    /// A new blocking connection, to database 0.
    package func connect(
        name: String = "test", timeout: Double = 10, scripts: [LuaScript] = []
    ) throws(RedisError) -> RedisConnection {
        try RedisConnection.open(endpoint, timeout: timeout, name: name, scripts: scripts)
    }

    /// Starts it again after `stop`, with the same directory and so with what it saved.
    ///
    /// - Parameters:
    ///   - moreOptions: for this start only.
    ///   - isPatient: returns when PING is answered; otherwise at once.
    package func start(moreOptions: [String] = [], isPatient: Bool = true) {
        precondition(child == nil, "the server runs already")
        let server =
            wrapper + [
                program, "--port", "0", "--unixsocket", socketPath, "--dir", directory.path, "--save", "",
                "--appendonly", "no", "--daemonize", "no", "--logfile", "\(directory.path)/redis.log",
            ]
        do {
            let pipe = try FileDescriptor.pipe()
            child = try ProcessSpec(
                executable: "/bin/sh",
                arguments: ["sh", "-c", #""$@" & server=$!; read -r _; kill -KILL "$server"; wait "$server""#, "sh"]
                    + server + options + moreOptions,
                environment: ["PATH=/usr/local/bin:/usr/bin:/bin"], descriptors: [(child: 0, parent: pipe.read.raw)]
            ).spawn()
            let end = pipe.write
            lifeline = consume end
        } catch {
            preconditionFailure("cannot start redis-server: \(error)")
        }
        let deadline = MonotonicTime.now().advanced(bySeconds: 20)
        while isPatient, !answers() {
            precondition(
                MonotonicTime.now() < deadline, "redis-server does not answer; see \(directory.path)/redis.log")
            usleep(2000)
        }
    }

    /// Kills it with SIGKILL, as a crash would, and waits until it is gone.
    package func stop() {
        guard let child else { return }
        thaw()
        lifeline = nil
        if child.wait(until: .now().advanced(bySeconds: 20)) == nil { child.signalGroup(.kill) }
        self.child = nil
        unlink(socketPath)
    }

    /// Stops it where it stands (SIGSTOP) or lets it go on: a server that is there and does not answer.
    package func freeze() { child?.signalGroup(.stop) }
    package func thaw() { child?.signalGroup(.continue) }

    private func answers() -> Bool {
        // A refusal is an answer too: one that wants a password is up.
        do {
            let connection = try connect(name: "probe")
            return try connection.call(RedisCommand("PING")).text == "PONG"
        } catch .refused(let refusal) {
            return refusal.code != "LOADING"
        } catch {
            return false
        }
    }
}

/// Runs a body with a server of its own, which ends with the body.
package func withRedis<Result>(_ options: [String] = [], _ body: (RedisServer) throws -> Result) rethrows -> Result {
    let server = RedisServer(options)
    defer { server.stop() }
    return try body(server)
}
