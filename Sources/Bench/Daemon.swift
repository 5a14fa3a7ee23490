import Glibc
import Platform

/// A running `martlet run`.
final class Daemon {
    /// What a scenario needs of the configuration; everything else is as it comes.
    struct Setup {
        var workers = 1
        var slots = 10
        /// What the configuration says of slots; nil for their number.
        var concurrency: String?
        /// "serve" or "spawn".
        var mode = "serve"
        /// Runs at once in each serve process.
        var threads = 1
        /// Of the handler, run in the workshop.
        var command: [String] = []
        /// As YAML.
        var classes = "BenchJob"
        /// More lines of the handler, as YAML.
        var more = ""
        var queues = Backlog.queues(1)
        var way = Way.socket
    }

    /// How it reaches Redis.
    enum Way {
        case socket, loopback
        /// Through the proxy at this socket.
        case proxy(String)

        func url(of server: Server) -> String {
            switch self {
            case .socket: "unix://\(server.socket)"
            case .loopback: "redis://127.0.0.1:\(server.port)"
            case .proxy(let path): "unix://\(path)"
            }
        }
    }

    /// The path of its configuration.
    let configuration: String
    private let child: ChildProcess
    private var isStopped = false
    private let workshop: Workshop
    private let patience: Patience
    var pid: Int32 { child.pid }

    /// Starts it and waits until all workers stand in the set of processes.
    init(_ setup: Setup, martlet: String, server: Server, _ workshop: Workshop, _ patience: Patience) throws {
        self.workshop = workshop
        self.patience = patience
        configuration = workshop.file("martlet.yml")
        try workshop.write(Array(Self.configuration(setup, server).utf8), to: "martlet.yml")
        let log = try FileDescriptor.open(workshop.file("martlet.log"), O_WRONLY | O_CREAT | O_TRUNC)
        child = try workshop.spec(
            martlet, ["run", "-C", configuration], output: log.raw, onDeath: .terminate
        ).spawn()
        do {
            try wait(for: "\(setup.workers) workers", limit: 20) {
                try server.integer("SCARD", "processes") == setup.workers
            }
        } catch {
            stop()
            throw error
        }
    }

    /// As `Patience.wait`, but fails at once when the daemon has ended, and with its log.
    func wait(for what: String, limit seconds: Double, _ condition: () throws -> Bool) throws {
        do {
            try patience.wait(for: what, limit: seconds) {
                if kill(child.pid, 0) != 0 || child.reap() != nil { throw BenchError.failed("martlet ended") }
                return try condition()
            }
        } catch BenchError.failed(let reason) {
            throw BenchError.failed("\(reason)\n\(workshop.text("martlet.log").suffix(2000))")
        }
    }

    /// Ends it and everything it started; returns when they are gone.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        child.signal(.terminate)
        if child.wait(until: .now().advanced(bySeconds: 15)) == nil {
            ProcessTree.kill(child.pid)
            _ = child.wait(until: .never)
        }
    }

    private static func configuration(_ setup: Setup, _ server: Server) -> String {
        """
        redis: \(setup.way.url(of: server))
        processes: \(setup.workers)
        concurrency: \(setup.concurrency ?? "\(setup.slots)")
        timeout: 5
        log: { level: warning }
        queues: [\(setup.queues.joined(separator: ", "))]
        handlers:
          bench:
            command: [\(setup.command.joined(separator: ", "))]
            classes: [\(setup.classes)]
            mode: \(setup.mode)\(setup.threads > 1 ? "\n    threads: \(setup.threads)" : "")
        \(setup.more)

        """
    }
}
