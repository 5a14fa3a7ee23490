import Glibc

/// A small file of proc(5) or of a cgroup that is read again and again as a text, from a descriptor that is kept open.
final class KeptText {
    private let descriptor: FileDescriptor
    private let size: Int

    /// - Parameter size: bytes read at the most; what one asks for stands before.
    /// - Returns: nil if it cannot be opened; which error it was does not matter: such a file says nothing.
    init?(_ path: String, size: Int = 4096) {
        guard let descriptor = try? FileDescriptor.open(path, O_RDONLY) else { return nil }
        self.descriptor = descriptor
        self.size = size
    }

    /// As it is now, from its beginning; nil if there is nothing.
    func read() -> String? {
        withUnsafeTemporaryAllocation(byteCount: size, alignment: 1) { buffer in
            let count = pread(descriptor.raw, buffer.baseAddress, buffer.count, 0)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }

    /// The number it consists of; nil also for "max".
    var number: Int? { read().flatMap { Int($0.prefix { $0 != "\n" }) } }

    /// The number behind a name at the beginning of a line: "MemTotal:       24684032 kB", "usage_usec 17".
    static func number(named name: String, in text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.split(separator: " ")
            if words.count > 1, words[0] == name { return Int(words[1]) }
        }
        return nil
    }
}
