import Glibc
import Platform
import TestSupport

/// strace, attached to one thread: it writes down the thread's system calls, and may meddle with some.
final class Tracer {
    private let scratch = TemporaryDirectory()
    private var child: ChildProcess?

    /// Returns when it watches the thread; nil if it could not, since the thread was gone.
    ///
    /// - Parameter injection: as after strace's `-e inject=`, such as "read:signal=KILL:when=7"; nil only watches.
    init?(thread: Int32, injection: String? = nil) throws {
        let errors = try FileDescriptor.open("\(scratch.path)/errors", O_WRONLY | O_CREAT | O_CLOEXEC)
        var arguments = ["strace", "-qq", "-p", String(thread), "-o", "\(scratch.path)/calls"]
        if let injection {
            arguments += ["-e", "trace=\(injection.prefix { $0 != ":" })", "-e", "inject=\(injection)"]
        }
        let child = try ProcessSpec(
            executable: "/usr/bin/strace", arguments: arguments, environment: Program.cleanEnvironment,
            descriptors: [(2, errors.raw)]
        ).spawn()
        self.child = child
        while !Self.isTraced(thread) {
            if child.wait(until: .now().advanced(bySeconds: 0.002)) != nil {
                self.child = nil
                return nil
            }
        }
    }

    deinit { detach() }

    /// Lets go of the thread, if it is still there: the kernel frees whom a killed tracer held.
    func detach() {
        guard let child else { return }
        child.signal(.kill)
        _ = child.wait(until: .now().advanced(bySeconds: 10))
        self.child = nil
    }

    /// The names of the calls that were made, in their order.
    var calls: [String] {
        Program.text(of: "\(scratch.path)/calls").split(separator: "\n").compactMap { line in
            guard let end = line.firstIndex(of: "("), !line.hasPrefix("---"), !line.hasPrefix("<") else { return nil }
            return String(line[..<end])
        }
    }

    /// How many calls were meddled with.
    var count: Int {
        Program.text(of: "\(scratch.path)/calls").split(separator: "\n").count { $0.contains("(INJECTED)") }
    }

    private static func isTraced(_ thread: Int32) -> Bool {
        Program.text(of: "/proc/\(thread)/status").split(separator: "\n").contains {
            $0.hasPrefix("TracerPid:") && !$0.hasSuffix("\t0")
        }
    }

    /// The threads of a process, the first one first.
    static func threads(of pid: Int32) -> [Int32] {
        guard let directory = opendir("/proc/\(pid)/task") else { return [] }
        defer { closedir(directory) }
        var found: [Int32] = []
        while let item = readdir(directory) {
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let thread = Int32(name) { found.append(thread) }
        }
        return found.sorted()
    }
}

/// SIGKILL at the n-th call of a name that a thread makes, before the call is carried out.
struct Blow: Hashable, CustomStringConvertible {
    /// Counted from the process's first one.
    let thread: Int
    let call: String
    let number: Int

    var description: String { "the \(number). \(call) of thread \(thread)" }

    /// Waits for the call; nil if the thread is gone.
    func aim(at pid: Int32) throws -> Tracer? {
        let threads = Tracer.threads(of: pid)
        guard thread < threads.count else { return nil }
        return try Tracer(thread: threads[thread], injection: "\(call):signal=KILL:when=\(number)")
    }

    private static let mostAlike = 20

    /// Writes down what a process calls while something happens.
    ///
    /// - Returns: a blow for every call, but of those that go on and on, as a look through /proc, only some, by chance; for
    ///   `make test` as many as asked for, by chance.
    static func all(of pid: Int32, sample: Int, while body: () throws -> Void) throws -> [Blow] {
        let tracers = try Tracer.threads(of: pid).map { try Tracer(thread: $0) }
        try body()
        var blows: [Blow] = []
        for (thread, tracer) in tracers.enumerated() {
            tracer?.detach()
            var counts: [String: Int] = [:]
            for call in tracer?.calls ?? [] where call != "exit_group" {
                counts[call, default: 0] += 1
                blows.append(Blow(thread: thread, call: call, number: counts[call] ?? 1))
            }
        }
        guard FaultRun.isFull else { return Array(blows.shuffled().prefix(sample)) }
        let alike = Dictionary(grouping: blows) { "\($0.thread) \($0.call)" }
        return alike.values.flatMap { $0.shuffled().prefix(mostAlike) }
    }
}

/// What came of many blows.
struct BlowCount {
    private(set) var worstSeconds = 0.0
    private(set) var fallen = 0
    private var aimed = 0

    mutating func aim() { aimed += 1 }

    mutating func fell(rescuedAfter seconds: Double) {
        fallen += 1
        worstSeconds = max(worstSeconds, seconds)
    }

    func tell(_ what: String) {
        let worst = (worstSeconds * 1000).rounded() / 1000
        print("faults: \(what): killed at \(fallen) of \(aimed) system calls, worst rescue \(worst) s")
    }
}
