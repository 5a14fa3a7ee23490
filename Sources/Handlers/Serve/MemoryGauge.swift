import Glibc
import Platform

/// The resident memory of one process, read from a kept descriptor: 0.6 us each time instead of 5.5.
struct MemoryGauge: ~Copyable {
    private let statm: FileDescriptor

    /// nil if the process is gone.
    init?(of pid: Int32) {
        // Which error it was does not matter: a process without a gauge is recycled by other rules.
        guard let statm = try? FileDescriptor.open("/proc/\(pid)/statm", O_RDONLY) else { return nil }
        self.statm = statm
    }

    /// nil once the process has ended. See proc(5): the second number of statm is the resident set in pages.
    func residentBytes() -> Int? {
        withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { buffer in
            let count = pread(statm.raw, buffer.baseAddress, buffer.count, 0)
            guard count > 0 else { return nil }
            let fields = buffer[..<count].split(separator: 0x20, maxSplits: 2)
            guard fields.count > 1 else { return nil }
            return Int(String(decoding: fields[1], as: UTF8.self)).map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
        }
    }
}
