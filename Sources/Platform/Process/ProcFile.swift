import Glibc

/// Files under /proc: proc(5). A process may end at any moment, so that every answer may be nil.
enum ProcFile {
    /// The whole file, or nil if it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        // Whatever the reason, the process is gone or not ours to look into.
        guard let file = try? FileDescriptor.open(path, O_RDONLY) else { return nil }
        return try? file.readAll()
    }

    /// The whole file as text without the line break at its end.
    static func text(_ path: String) -> String? {
        guard var bytes = read(path) else { return nil }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
