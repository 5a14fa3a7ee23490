import Glibc
import Platform

/// The pipes of one handler process. Our ends do not block; its ends are closed here once it has been spawned.
final class HandlerPipes {
    /// Write end. Mode spawn: its standard input. Mode serve: its descriptor 3.
    var input: FileDescriptor?
    /// Read end of its descriptor 4.
    var answers: FileDescriptor?
    /// Read end.
    var stdout: FileDescriptor?
    /// Read end.
    var stderr: FileDescriptor?
    private var theirs: TheirEnds?

    private struct TheirEnds: ~Copyable {
        let input: FileDescriptor
        let answers: FileDescriptor
        let stdout: FileDescriptor
        let stderr: FileDescriptor
    }

    init() throws(SystemError) {
        let input = try FileDescriptor.pipe()
        let answers = try FileDescriptor.pipe()
        let stdout = try FileDescriptor.pipe()
        let stderr = try FileDescriptor.pipe()
        try input.write.setNonBlocking(true)
        try answers.read.setNonBlocking(true)
        try stdout.read.setNonBlocking(true)
        try stderr.read.setNonBlocking(true)
        theirs = TheirEnds(input: input.read, answers: answers.write, stdout: stdout.write, stderr: stderr.write)
        self.input = consume input.write
        self.answers = consume answers.read
        self.stdout = consume stdout.read
        self.stderr = consume stderr.read
    }

    /// Which of them the child gets as which descriptor; what is not named is /dev/null or closed in it.
    ///
    /// - Parameter inputNumber: 0 in mode spawn, 3 in mode serve; nil for a program that is given nothing to read.
    func descriptors(inputNumber: Int32?) -> [(child: Int32, parent: Int32)] {
        guard let input = theirs?.input.raw, let answers = theirs?.answers.raw, let stdout = theirs?.stdout.raw,
            let stderr = theirs?.stderr.raw
        else { preconditionFailure("a child is spawned once") }
        return (inputNumber.map { [($0, input)] } ?? []) + [(1, stdout), (2, stderr), (4, answers)]
    }

    /// Their ends in the order in which a preloader is given them: input, answers, stdout, stderr.
    var passed: [Int32] {
        guard let input = theirs?.input.raw, let answers = theirs?.answers.raw, let stdout = theirs?.stdout.raw,
            let stderr = theirs?.stderr.raw
        else { return [] }
        return [input, answers, stdout, stderr]
    }

    /// Another descriptor for the end from which the child reads its input, to see later what it has not read; nil once
    /// their ends are closed.
    func duplicateInputReader() throws(SystemError) -> FileDescriptor? { try theirs?.input.duplicate() }

    /// How many bytes lie in a pipe: FIONREAD of pipe(7).
    static func bytesWaiting(in descriptor: Int32) -> Int {
        var count: Int32 = 0
        return ioctl(descriptor, UInt(FIONREAD), &count) == 0 ? Int(count) : 0
    }

    /// While we hold them, no pipe ever ends.
    func closeTheirEnds() { theirs = nil }
}
