import Glibc

/// Looks for a library that a handler's processes are to load before all others.
package enum SharedLibrary {
    /// Where jemalloc is found; the first that can be loaded counts.
    static let jemallocCandidates = directories.flatMap { ["\($0)/libjemalloc.so.2", "\($0)/libjemalloc.so.1"] }

    /// The path of jemalloc's library; nil if this machine has none that can be loaded.
    package static func jemalloc() -> String? { jemallocCandidates.first { objection(to: $0) == nil } }

    /// Those of the Filesystem Hierarchy Standard, Debian's for this architecture first.
    private static var directories: [String] {
        #if arch(x86_64)
            let architecture = "x86_64-linux-gnu"
        #elseif arch(arm64)
            let architecture = "aarch64-linux-gnu"
        #else
            let architecture = "linux-gnu"
        #endif
        return ["/usr/lib/\(architecture)", "/usr/lib64", "/usr/lib", "/usr/local/lib64", "/usr/local/lib"]
    }

    /// Why the dynamic linker could not load a file into programs of this machine; nil if it can. See elf(5).
    ///
    /// - Parameter program: one of this machine, to compare with.
    static func objection(to path: String, program: String = "/proc/self/exe") -> String? {
        guard let head = head(of: path) else { return "it cannot be read: \(String(cString: strerror(errno)))" }
        guard head.count == headBytes, head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
            return "it is no library (no ELF file)"
        }
        // e_type, 16 bits at 16: 3 is ET_DYN, what is loaded where there is room.
        guard head[16...17] == (isLittleEndian(head) ? [3, 0] : [0, 3]) else { return "it is no shared library" }
        // Word size and byte order at 4 and 5, e_machine at 18.
        guard let ours = self.head(of: program), ours.count == headBytes, ours[4...5] == head[4...5],
            ours[18...19] == head[18...19]
        else { return "it is for another kind of processor" }
        return nil
    }

    private static let headBytes = 20

    private static func isLittleEndian(_ head: [UInt8]) -> Bool { head[5] == 1 }

    /// Nil with errno if it is no regular file that can be read.
    private static func head(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: headBytes)
        let count = fread(&bytes, 1, headBytes, file)
        guard ferror(file) == 0 else { return nil }
        return Array(bytes[..<count])
    }
}
