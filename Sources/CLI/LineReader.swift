import ArgumentParser
import Glibc
import Platform

/// Lines of a file or of standard input, one after the other, however large the whole.
struct LineReader {
    private let source: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    /// - Parameter source: a path, or `-` for standard input.
    init(_ source: String) throws {
        self.source = source
        guard source != "-" else {
            descriptor = STDIN_FILENO
            return
        }
        descriptor = open(source, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(source) }
    }

    /// The next line without its line feed, nil at the end.
    mutating func next() throws -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { start = end + 1 }
                return Array(buffer[start..<end])
            }
            if isAtEnd {
                defer { start = buffer.count }
                return start < buffer.count ? Array(buffer[start...]) : nil
            }
            searched = try fill()
        }
    }

    /// Reads more behind what is left.
    ///
    /// - Returns: where the new bytes begin.
    private mutating func fill() throws -> Int {
        buffer.removeFirst(start)
        start = 0
        let old = buffer.count
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Self.unreadable(source) }
            isAtEnd = count == 0
            buffer += chunk[..<count]
            return old
        }
    }

    private static func unreadable(_ source: String) -> ExitCode {
        Output.error("martlet: \(SystemError(code: errno, doing: "read \(source)"))")
        return Exit.noInput
    }
}
