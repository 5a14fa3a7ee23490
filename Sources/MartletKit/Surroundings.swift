@preconcurrency import Foundation
@preconcurrency import Glibc

/// What Martlet has given this process.
enum Surroundings {
    /// The descriptors of mode serve; nil in mode spawn, and by hand.
    static var pipes: (input: Int32, output: Int32)? {
        let environment = ProcessInfo.processInfo.environment
        guard let input = environment["MARTLET_IN"].flatMap({ Int32($0) }),
            let output = environment["MARTLET_OUT"].flatMap({ Int32($0) })
        else { return nil }
        // What a job starts must not keep them open.
        for descriptor in [input, output] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return (input, output)
    }

    /// Where the verdict of a spawned job goes: to Martlet, or by hand to standard error.
    static var verdictDescriptor: Int32 {
        var status = stat()
        let isMartlets = ProcessInfo.processInfo.environment["MARTLET_PROTOCOL"] != nil
        return isMartlets && fstat(4, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO ? 4 : 2
    }

    /// What is printed is a log, read line by line.
    static func prepare() {
        setvbuf(stdout, nil, _IOLBF, 0)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Ends the process at once, with what it printed.
    static func exit(_ status: Int32 = 0) -> Never {
        fflush(stdout)
        _exit(status)
    }

    /// Has SIGTERM call a function, in a thread of its own, instead of ending the process.
    static func onTerminate(_ body: @escaping @Sendable () -> Void) {
        let pipe = terminations
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while Glibc.read(pipe.read, &byte, 1) == 1 || errno == EINTR { body() }
        }
        // A signal handler must do next to nothing: signal-safety(7).
        signal(SIGTERM) { _ in
            var byte: UInt8 = 0
            _ = Glibc.write(Surroundings.terminations.write, &byte, 1)
        }
    }

    /// A byte in it for each SIGTERM.
    private static let terminations: (read: Int32, write: Int32) = {
        var ends: [Int32] = [-1, -1]
        // Without it SIGTERM does nothing, and SIGKILL follows.
        _ = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }()
}

/// The lines of a pipe, read as they come.
struct Lines {
    private let descriptor: Int32
    private var buffer = Data()
    private var searched = 0

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// The next line without its line feed; nil at the end of file.
    mutating func next() -> Data? {
        while true {
            if let end = buffer[(buffer.startIndex + searched)...].firstIndex(of: UInt8(ascii: "\n")) {
                defer {
                    buffer = buffer[(end + 1)...]
                    searched = 0
                }
                return Data(buffer[..<end])
            }
            searched = buffer.count
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            buffer = Data(buffer) + piece[..<count]
        }
    }
}
