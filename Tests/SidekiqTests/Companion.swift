import Foundation
import Glibc
import Platform
import TestSupport

/// Another program that runs beside Martlet for the length of a test: Sidekiq, its dashboard, a browser's driver. It
/// works in a directory of its own and dies with the test's process.
final class Companion {
    let directory = TemporaryDirectory()
    private var shell: ChildProcess?
    // While it is open the program lives: a shell beside it reads it and kills the program at its end.
    private var lifeline: FileDescriptor?

    /// Starts a program; its output goes to the file `log` of its directory.
    ///
    /// - Parameters:
    ///   - arguments: argv, found by PATH.
    ///   - files: what lies in its directory at the start, by name.
    init(_ name: String, _ arguments: [String], environment: [String] = [], files: [String: String] = [:]) {
        let here = directory.path
        for (file, text) in files {
            guard FileManager.default.createFile(atPath: "\(here)/\(file)", contents: Data(text.utf8)) else {
                preconditionFailure("cannot write \(file)")
            }
        }
        do {
            let pipe = try FileDescriptor.pipe()
            let log = try FileDescriptor.open("\(here)/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC)
            let text = #"""
                exec 5<&0
                "$@" < /dev/null 5<&- & program=$!
                echo "$program" > pid
                # Whoever is told to end by the test is waited for here; what is left at the end is killed.
                (while read -r _ <&5; do :; done; kill -KILL "$program") &
                wait "$program"; echo "$?" > status.new; mv status.new status; kill "$!"
                """#
            shell = try ProcessSpec(
                executable: "/bin/bash", arguments: ["bash", "-c", text, "bash"] + arguments,
                environment: Program.cleanEnvironment.filter { !$0.hasPrefix("HOME=") } + ["HOME=\(here)"]
                    + environment,
                directory: here, descriptors: [(0, pipe.read.raw), (1, log.raw), (2, log.raw)]
            ).spawn()
            let end = pipe.write
            lifeline = consume end
        } catch {
            preconditionFailure("cannot start \(name): \(error)")
        }
    }

    deinit { end() }

    var log: String { Program.text(of: "\(directory.path)/log") }

    var pid: Int32? { Int32(Program.text(of: "\(directory.path)/pid").trimmingCharacters(in: .whitespacesAndNewlines)) }

    /// How it ended, as a shell says it; nil while it runs.
    var exitStatus: Int? { Int(Program.text(of: "\(directory.path)/status").dropLast()) }

    func signal(_ signal: Signal) {
        if let pid, exitStatus == nil { kill(pid, signal.number) }
    }

    /// Asks it to end, and waits.
    ///
    /// - Returns: its exit status; nil if it still runs after the time.
    func stop(within seconds: Double = 60) -> Int? {
        signal(.terminate)
        let deadline = MonotonicTime.now().advanced(bySeconds: seconds)
        while exitStatus == nil, MonotonicTime.now() < deadline { usleep(5000) }
        return exitStatus
    }

    /// Kills what is left of it and of all it has started.
    func end() {
        guard let shell else { return }
        self.shell = nil
        ProcessTree.kill(shell.pid)
        lifeline = nil
        _ = shell.wait(until: .now().advanced(bySeconds: 20))
        for entry in ProcessTree.all() where Daemon.arguments(of: entry.pid).contains(where: isOurs) {
            ProcessTree.send(.kill, to: entry)
        }
    }

    private func isOurs(_ argument: String) -> Bool { argument.contains(directory.path) }
}
