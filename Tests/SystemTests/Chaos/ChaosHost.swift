import Foundation
import Platform
import Queueing
import TestSupport

/// One of the daemons of a campaign, with a way to Redis of its own. The second one lives in a pid namespace and under
/// a host name of its own: to the first it is another machine, of which nothing is known but its leases.
final class ChaosHost {
    static let processes = 3
    static let concurrency = 8
    /// Reserved by a worker: slots, and ten times as many that wait for one.
    static let mostHeld = 11 * concurrency

    let name: Deed.HostName
    let daemon: Daemon
    let proxy: FaultProxy
    private let hostName: String
    private let isApart: Bool

    enum Phase: Equatable {
        case running
        /// Told to stop; since then.
        case stopping(since: Double)
        /// Nobody is there, or nobody should be.
        case down(since: Double)
    }
    var phase = Phase.running

    /// - Parameter ledger: where handlers write.
    init(_ name: Deed.HostName, server: RedisServer, ledger: String, binary: String) throws {
        self.name = name
        isApart = name == .b
        hostName = isApart ? "chaos-b" : ProcessIdentity.hostName
        proxy = try FaultProxy(server, scripts: Scripts.all)
        let handlers = """
            env: { CHAOS_LEDGER: "\(ledger)", CHAOS_HOST: \(name.rawValue) }
            """
        let program = ChaosPrograms.handler
        daemon = Daemon(
            """
            redis: unix://\(proxy.socketPath)
            processes: \(Self.processes)
            concurrency: \(Self.concurrency)
            timeout: 2
            dead_max_jobs: 1000000
            queues: [{ default: 3 }, { low: 1 }]
            log: { level: notice }
            handlers:
              quick: { command: [\(program), serve], classes: ["*"], mode: serve, threads: 4, \(handlers) }
              long: { command: [\(program), serve], classes: [Long], mode: serve, \(handlers) }
              spawned: { command: [\(program), spawn], classes: ["Spawn*"], \(handlers) }

            """, server: nil, environment: ["LD_PRELOAD=\(ChaosPrograms.clock)"], binary: binary,
            wrapper: isApart ? Self.namespaces : [])
        moveClock(bySeconds: 0)
    }

    /// What makes a host of a process, where it is allowed.
    private static let namespaces = [
        "/usr/bin/unshare", "--pid", "--uts", "--fork", "--kill-child=KILL", "--mount-proc", "/bin/sh", "-c",
        #"hostname chaos-b && exec "$@""#, "sh",
    ]

    /// Whether there can be a second host: namespaces need rights.
    static let canBeApart: Bool = {
        let result = Program.run(Array(namespaces.dropLast(1)) + ["sh", "/bin/true"])
        return result.code == 0
    }()

    // MARK: Processes

    var isRunning: Bool { phase == .running && daemon.isRunning }

    var workers: [Int32] { isRunning ? daemon.workers.sorted() : [] }
    var schedulers: [Int32] { isRunning ? daemon.schedulers : [] }

    /// Handlers of all its workers.
    var handlers: [ProcessEntry] {
        let workers = Set(self.workers)
        let all = ProcessTree.all()
        return all.filter { workers.contains($0.parent) && !$0.isZombie }.sorted { $0.pid < $1.pid }
    }

    /// The number of a process as it is seen on its host; nil if it is gone.
    func pidThere(_ pid: Int32) -> Int32? {
        guard isApart else { return pid }
        let status = Program.text(of: "/proc/\(pid)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("NSpid:") }
        return line?.split(whereSeparator: \.isWhitespace).last.flatMap { Int32($0) }
    }

    /// What the names of its processes in Redis begin with.
    func identityPrefix(of pid: Int32) -> String? { pidThere(pid).map { "\(hostName):\($0):" } }
    func isHome(of identity: String) -> Bool { identity.hasPrefix("\(hostName):") }

    /// All its processes at once.
    func killAll() {
        if isApart {
            daemon.killWrapper()
        } else {
            // The supervisor last, and stopped before: whoever loses it puts back what he holds, and nobody is to notice.
            let tree = daemon.tree
            daemon.signal(.stop)
            for entry in tree where !entry.isZombie { ProcessTree.send(.kill, to: entry) }
            daemon.signal(.kill)
        }
        daemon.waitForExit(within: 20)
    }

    /// From now on the wall clock of its processes is so far from the true one.
    func moveClock(bySeconds seconds: Double) {
        let nanoseconds = Int64(seconds * 1e9)
        let path = daemon.path("clock")
        withUnsafeBytes(of: nanoseconds) { bytes in
            // Processes have mapped the file: it must stay the same one.
            guard let file = fopen(path, FileManager.default.fileExists(atPath: path) ? "r+" : "w") else {
                preconditionFailure("cannot write \(path)")
            }
            fwrite(bytes.baseAddress, 1, bytes.count, file)
            fclose(file)
        }
    }

    func end() {
        daemon.end()
        proxy.stop()
    }
}
