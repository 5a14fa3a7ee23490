import Foundation
package import Platform
package import Testing

/// `martlet run` with a directory of its own: configuration, handlers, log and ledger lie there, and every process that
/// belongs to it works there, which is how even those that left its tree are found.
package final class Daemon {
    package let directory = TemporaryDirectory()
    private let environment: [String]
    private let flags: [String]
    private let command: String
    private let binary: String
    private let wrapper: [String]
    private let controlGroup: ControlGroup?
    private var supervisor: ChildProcess?
    // Closed without a word, as by the death of the test's process, it makes a shell kill the supervisor.
    private var lifeline: FileDescriptor?
    private var watcher: ChildProcess?

    /// - Parameters:
    ///   - configuration: the YAML; `redis:` is put before it unless the server is nil.
    ///   - files: more files by name; those that begin with `#!` become executable.
    ///   - environment: added to a clean one.
    ///   - flags: more arguments of the command.
    ///   - command: `run`, or one that does the same.
    ///   - binary: the martlet that is run.
    ///   - wrapper: a command that runs it, as its child or in its own place, such as unshare(1) with its options.
    ///   - controlGroup: in which it is started, as by a service manager.
    package init(
        _ configuration: String, server: RedisServer?, files: [String: String] = [:], environment: [String] = [],
        flags: [String] = [], command: String = "run", binary: String = Program.martlet, wrapper: [String] = [],
        controlGroup: ControlGroup? = nil
    ) {
        self.binary = binary
        self.wrapper = wrapper
        let state = ["XDG_STATE_HOME=\(directory.path)/state", "HOME=\(directory.path)"]
        self.environment = Program.cleanEnvironment.filter { !$0.hasPrefix("HOME=") } + state + environment
        self.flags = flags
        self.command = command
        self.controlGroup = controlGroup
        let redis = server.map { "redis: unix://\($0.socketPath)\n" } ?? ""
        write(redis + configuration, to: "martlet.yml")
        for (name, text) in files { write(text, to: name) }
    }

    deinit { end() }

    // MARK: Files

    package func path(_ name: String) -> String { "\(directory.path)/\(name)" }

    package func write(_ text: String, to name: String) {
        let isProgram = text.hasPrefix("#!")
        guard FileManager.default.createFile(atPath: path(name), contents: Data(text.utf8)),
            chmod(path(name), isProgram ? 0o755 : 0o644) == 0
        else { preconditionFailure("cannot write \(path(name))") }
    }

    package func bytes(of name: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path(name)).map { [UInt8]($0) }
    }

    package func text(of name: String) -> String { Program.text(of: path(name)) }

    /// The lines of a file that handlers append to.
    package func lines(of name: String) -> [String] {
        let text = text(of: name)
        let lines = text.split(separator: "\n")
        // One that ends with a page of the file can be seen while only its first half is written.
        return lines.dropLast(text.hasSuffix("\n") ? 0 : 1).map(String.init)
    }

    /// All that the daemon and its handlers have logged.
    package var log: String { text(of: "log") }

    // MARK: Life

    /// Starts it; returns at once.
    package func launch() {
        precondition(supervisor == nil, "the daemon runs already")
        do {
            let log = try FileDescriptor.open(path("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC)
            let child = try ProcessSpec(
                executable: wrapper.first ?? binary,
                arguments: (wrapper.isEmpty ? ["martlet"] : wrapper + [binary])
                    + [command, "-C", path("martlet.yml")] + flags,
                environment: environment, directory: directory.path, descriptors: [(1, log.raw), (2, log.raw)],
                controlGroup: controlGroup
            ).spawn()
            supervisor = child
            let pipe = try FileDescriptor.pipe()
            watcher = try ProcessSpec(
                executable: "/bin/sh", arguments: ["sh", "-c", #"read -r _ || kill -KILL "$0""#, "\(child.pid)"],
                descriptors: [(0, pipe.read.raw)]
            ).spawn()
            let end = pipe.write
            lifeline = consume end
        } catch {
            preconditionFailure("cannot start martlet: \(error)")
        }
    }

    /// Starts it and waits until it says that it is ready.
    package func start(sourceLocation: SourceLocation = #_sourceLocation) {
        let before = readyCount
        launch()
        eventually(within: 30, "the daemon is ready: \(log.suffix(2000))", sourceLocation: sourceLocation) {
            readyCount > before || !isRunning
        }
    }

    private var readyCount: Int { log.components(separatedBy: " ready: ").count }

    package var pid: Int32 {
        guard let supervisor else { preconditionFailure("the daemon does not run") }
        // A wrapper becomes what it wraps, or has it for a child.
        if wrapper.isEmpty || Self.arguments(of: supervisor.pid).first == binary { return supervisor.pid }
        return ProcessTree.children(of: supervisor.pid).first ?? supervisor.pid
    }

    /// Whether the supervisor runs, or has ended and was not waited for.
    package var isRunning: Bool { supervisor.map { ProcessEntry(pid: $0.pid)?.isZombie == false } ?? false }

    package func signal(_ signal: Signal) {
        guard let supervisor else { return }
        if pid == supervisor.pid { supervisor.signal(signal) } else { kill(pid, signal.number) }
    }

    /// SIGKILL to the wrapper, of which all that it wraps is to die.
    package func killWrapper() { supervisor?.signal(.kill) }

    /// Waits for the end of the supervisor.
    ///
    /// - Returns: how it ended; nil if it still runs after the time.
    @discardableResult
    package func waitForExit(within seconds: Double = 60) -> Platform.ExitStatus? {
        guard let report = supervisor?.wait(until: .now().advanced(bySeconds: seconds)) else { return nil }
        supervisor = nil
        dismissWatcher()
        return report.status
    }

    /// SIGTERM, and the exit status.
    @discardableResult
    package func stop(within seconds: Double = 60) -> Platform.ExitStatus? {
        signal(.terminate)
        return waitForExit(within: seconds)
    }

    /// Whatever is left is killed, so that no test leaves a process behind.
    package func end() {
        if let supervisor {
            ProcessTree.kill(supervisor.pid)
            _ = supervisor.wait(until: .now().advanced(bySeconds: 30))
            self.supervisor = nil
        }
        dismissWatcher()
        let deadline = MonotonicTime.now().advanced(bySeconds: 10)
        while case let left = survivors, !left.isEmpty, MonotonicTime.now() < deadline {
            for entry in left { ProcessTree.send(.kill, to: entry) }
            usleep(10_000)
        }
    }

    private func dismissWatcher() {
        _ = [UInt8]("\n".utf8).withUnsafeBytes { lifeline?.write($0) }
        lifeline = nil
        _ = watcher?.wait(until: .now().advanced(bySeconds: 10))
        watcher = nil
    }

    // MARK: Processes

    /// Every living process that works in the daemon's directory: its own, its handlers, and what those left behind.
    package var survivors: [ProcessEntry] {
        ProcessTree.all().filter { !$0.isZombie && worksHere($0.pid) }
    }

    private func worksHere(_ pid: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { raw in
            readlink("/proc/\(pid)/cwd", raw.bindMemory(to: CChar.self).baseAddress!, raw.count)
        }
        guard count > 0 else { return false }
        let path = String(decoding: buffer[..<count], as: UTF8.self)
        return path == directory.path || path.hasPrefix(directory.path + "/")
    }

    /// The processes under the supervisor, zombies included.
    package var tree: [ProcessEntry] {
        supervisor.map { ProcessTree.descendants(of: $0.pid, in: ProcessTree.all()) } ?? []
    }

    /// Pids of the workers, by what `ps` shows.
    package var workers: [Int32] { children(called: "worker") }
    package var schedulers: [Int32] { children(called: "scheduler") }

    private func children(called role: String) -> [Int32] {
        guard supervisor != nil else { return [] }
        return ProcessTree.children(of: pid).filter { Self.arguments(of: $0).dropFirst().first == role }
    }

    /// argv of a process; empty if it is gone.
    package static func arguments(of pid: Int32) -> [String] {
        let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Other commands

    /// A command of the binary with this daemon's configuration and environment, such as ["push", "GreetingJob"].
    package func martlet(_ arguments: [String], input: String = "") -> Program {
        // A command of a group has two words.
        let name = arguments.prefix(["jobs", "queues", "processes"].contains(arguments[0]) ? 2 : 1)
        return Program.run(
            [Program.martlet] + name + ["-C", path("martlet.yml")] + arguments.dropFirst(name.count),
            input: Array(input.utf8), environment: environment, directory: "/")
    }
}
