import Glibc
import Platform
import Supervisor
import TestSupport

/// A supervisor with real processes, for the inside of an exit test: it takes signals and reaps children, so it needs a
/// process of its own.
///
/// Children are a stand-in that speaks the control protocol and writes down what happens to it, a line each: its name, its
/// pid, and what happened.
final class RealService: @unchecked Sendable {
    /// Exit status of the test process when the story went otherwise than told.
    private static let failed: Int32 = 99

    private static let standIn = """
        import os, signal, socket, subprocess, sys
        journal, name, traits = sys.argv[1], sys.argv[2], sys.argv[3:]
        def note(text):
            with open(journal, "a") as file: file.write(f"{name} {os.getpid()} {text}\\n")
        def terminated(*_):
            note("terminated")
            if "stubborn" not in traits: os._exit(0)
        signal.signal(signal.SIGTERM, terminated)
        control = socket.socket(fileno=3)
        note("settings " + os.fdopen(4).read())
        if "refusing" in traits:
            control.send(b"refused 69 the stars are wrong")
            os._exit(69)
        if "detaching" in traits:
            # A process in a session of its own, whose parent in between is gone.
            subprocess.run(["/bin/sh", "-c", 'setsid /usr/bin/sleep 1000 & echo $! > "$0"', journal + ".stray"])
        control.send(f"identity {name}-{os.getpid()}".encode())
        control.send(b"ready")
        note("ready")
        while True:
            message = control.recv(8192)
            note("heard " + message.decode())
            if message in (b"", b"retire"): os._exit(0)
        """

    /// Given up by the loop's thread when all is over; kept if the story failed.
    private var directory: TemporaryDirectory?
    private let journal: String
    private let loopThread = pthread_self()
    /// What the plan gives, and how often it was asked: shared by the loop's thread and the story's.
    private let configuration = Monitor<(text: String?, reads: Int)>(("first", 0))

    private init() {
        let directory = TemporaryDirectory()
        self.directory = directory
        journal = "\(directory.path)/journal"
    }

    /// Runs a supervisor in the calling thread while `story` acts on it from another; ends the process with the
    /// supervisor's exit status, or with 99 if the story failed.
    static func run(
        _ children: [(role: ChildRole, traits: [String])], stopTimeout: Double = 5,
        story: @escaping @Sendable (RealService) -> Void
    ) -> Never {
        let service = RealService()
        let specs = children.enumerated().map { index, child in
            let traits = [service.journal, child.role.rawValue] + child.traits
            let process = ProcessSpec(
                executable: "/usr/bin/python3", arguments: ["python3", "-c", standIn] + traits,
                environment: ["PATH=/usr/bin:/bin"], descriptors: [(child: 1, parent: 1), (child: 2, parent: 2)])
            return ChildSpec(role: child.role, index: index, process: process)
        }
        OSThread.start(name: "story", stackBytes: 1 << 20) { story(service) }
        let loop = SupervisorLoop(plan: {
            guard let text = service.read() else {
                throw SystemError(code: EINVAL, doing: "read it")
            }
            return Plan(children: specs, settings: Array(text.utf8), stopTimeout: stopTimeout)
        })
        let status = loop.run()
        let left = ProcessTree.children(of: getpid())
        guard left.isEmpty else { fail("the supervisor left \(left)") }
        service.directory = nil
        exit(status)
    }

    // MARK: For stories

    /// Nil: a configuration with a problem.
    func configure(_ text: String?) { configuration.withLock { $0.text = text } }

    /// How often the configuration was read.
    var reads: Int { configuration.withLock { $0.reads } }

    /// Only the loop's thread reads signals, so it is the one that gets them.
    func signal(_ signal: Signal) { pthread_kill(loopThread, signal.number) }

    func waits(for what: String, _ condition: () -> Bool) {
        let deadline = MonotonicTime.now().advanced(bySeconds: 20)
        while !condition() {
            guard MonotonicTime.now() < deadline else { Self.fail("it never happened: \(what)\n\(text(journal))") }
            usleep(5000)
        }
    }

    /// What the journal says, as (name, pid, text).
    func lines(_ text: String) -> [(name: String, pid: Int32)] {
        self.text(journal).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 2)
            guard words.count == 3, words[2] == text, let pid = Int32(words[1]) else { return nil }
            return (String(words[0]), pid)
        }
    }

    func pids(of role: ChildRole, saying text: String) -> [Int32] {
        lines(text).filter { $0.name == role.rawValue }.map(\.pid)
    }

    /// The detached descendant of a "detaching" child.
    var stray: Int32? { Int32(text(journal + ".stray").split(separator: "\n").first ?? "") }

    func isGone(_ pid: Int32) -> Bool { ProcessEntry(pid: pid) == nil }

    private func read() -> String? {
        configuration.withLock {
            $0.reads += 1
            return $0.text
        }
    }

    private func text(_ path: String) -> String {
        // Not written yet: empty.
        guard let file = try? FileDescriptor.open(path, O_RDONLY), let bytes = try? file.readAll() else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func fail(_ text: String) -> Never {
        let line = text + "\n"
        write(STDERR_FILENO, line, line.utf8.count)
        _exit(failed)
    }
}
