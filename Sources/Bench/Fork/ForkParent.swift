import Glibc
import Platform

/// A program in mode fork, asked by the bench as Martlet would: docs/reference/fork-protocol.md.
final class ForkParent {
    /// One that it has forked, and that is ready.
    final class Child {
        let pid: Int32
        /// From the request until it was ready.
        let startSeconds: Double
        fileprivate var input: FileDescriptor?
        fileprivate let answers: FileDescriptor

        fileprivate init(
            pid: Int32, startSeconds: Double, input: consuming FileDescriptor, answers: consuming FileDescriptor
        ) {
            self.pid = pid
            self.startSeconds = startSeconds
            self.input = consume input
            self.answers = consume answers
        }
    }

    private let child: ChildProcess
    private let control: FileDescriptor
    private let patience: Patience
    private var next = 1

    init(_ command: [String], workshop: Workshop, patience: Patience) throws {
        self.patience = patience
        let pair = try FileDescriptor.socketPair()
        let ours = pair.ours
        let theirs = pair.theirs
        var spec = workshop.spec(command[0], Array(command.dropFirst()), output: 2, onDeath: .kill)
        spec.environment += ["MARTLET_CONTROL=3", "MARTLET_PROTOCOL=1", "LANG=C.UTF-8"]
        spec.descriptors.append((child: 3, parent: theirs.raw))
        child = try spec.spawn()
        _ = consume theirs
        control = consume ours
        try hear { $0.contains("\"ready\"") }
    }

    func end() {
        child.signalGroup(.kill)
        _ = child.wait(until: .never)
    }

    func fork() throws -> Child {
        let toChild = try FileDescriptor.pipe()
        let theirInput = toChild.read
        let input = toChild.write
        let fromChild = try FileDescriptor.pipe()
        let answers = fromChild.read
        let theirAnswers = fromChild.write
        let begin = MonotonicTime.now()
        let message = Array("{\"fork\":\(next)}".utf8)
        next += 1
        guard case .bytes = control.send(message, passing: [theirInput.raw, theirAnswers.raw, 2, 2]) else {
            throw BenchError.failed("the program takes no requests")
        }
        _ = consume theirInput
        _ = consume theirAnswers
        var pid: Int32?
        try hear { text in
            guard let tail = text.split(separator: "\"pid\":").last, text.contains("\"forked\"") else { return false }
            pid = Int32(String(tail.drop { $0 == " " }.prefix { $0.isNumber }))
            return true
        }
        guard let pid else { throw BenchError.failed("the program did not name its child") }
        try line(of: answers.raw, containing: "\"ready\"")
        return Child(
            pid: pid, startSeconds: MonotonicTime.now().seconds(since: begin), input: consume input,
            answers: consume answers)
    }

    /// Has it do one job.
    func run(_ number: Int, _ job: String, in child: Child) throws {
        let text = "{\"run\":\(number),\"attempt\":1,\"job\":\(job)}\n"
        let code = Array(text.utf8).withUnsafeBytes { child.input == nil ? EBADF : child.input?.writeAll($0) }
        if let code { throw SystemError(code: code, doing: "give a job to a child") }
        try line(of: child.answers.raw, containing: "\"done\"")
    }

    /// Ends it and has it reaped.
    func end(_ child: Child) throws {
        let process = try ForeignProcess(pid: child.pid)
        child.input = nil
        try patience.wait(seconds: 30, reading: process.pidfd)
        guard case .bytes = control.send(Array("{\"reap\":\(child.pid)}".utf8)) else {
            throw BenchError.failed("the program takes no requests")
        }
        try hear { $0.contains("\"reaped\"") }
    }

    /// Bytes of memory of it and of these children, what they share counted once: Pss of proc(5).
    func proportionalBytes(with children: [Child]) -> Int {
        ([child.pid] + children.map(\.pid)).reduce(0) { sum, pid in
            let line = Proc.text("/proc/\(pid)/smaps_rollup").split(separator: "\n").first { $0.hasPrefix("Pss:") }
            return sum + (line?.split(separator: " ").compactMap { Int($0) }.first ?? 0) << 10
        }
    }

    private func hear(_ isIt: (String) -> Bool) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            try patience.wait(seconds: 60, reading: control.raw)
            switch control.receive(into: buffer) {
            case .bytes(let count):
                if isIt(String(decoding: buffer[..<count], as: UTF8.self)) { return }
            case .wouldBlock: continue
            case .end, .failed: throw BenchError.failed("the program has ended")
            }
        }
    }

    private func line(of descriptor: Int32, containing word: String) throws {
        var text = ""
        var bytes = [UInt8](repeating: 0, count: 4096)
        while !text.contains(word) {
            try patience.wait(seconds: 60, reading: descriptor)
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { throw BenchError.failed("a child has ended, having said: \(text)") }
            text += String(decoding: bytes[..<count], as: UTF8.self)
        }
    }
}
