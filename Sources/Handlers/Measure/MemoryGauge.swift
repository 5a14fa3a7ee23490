import Glibc

/// The memory of one process: statm, status and clear_refs of proc(5).
struct MemoryGauge {
    /// Bytes, as the kernel counts them for one process: pages it shares count in each.
    struct Reading: Equatable {
        /// All that is resident.
        var resident: Int
        /// Of this, what no file stands behind: it can only be given back by the process.
        var anonymous: Int
    }

    private static let pageBytes = sysconf(Int32(_SC_PAGESIZE))

    private let pid: Int32
    private let statm: KeptFile
    private let refs: KeptFile?

    /// nil if the process is gone.
    init?(of pid: Int32) {
        guard let statm = KeptFile("/proc/\(pid)/statm") else { return nil }
        self.pid = pid
        self.statm = statm
        refs = KeptFile("/proc/\(pid)/clear_refs", O_WRONLY)
    }

    /// nil once the process has ended.
    func read() -> Reading? { Self.read(statm) }

    /// Of a process that is looked at so rarely that a kept descriptor would not pay.
    static func once(_ pid: Int32) -> Reading? { KeptFile("/proc/\(pid)/statm").flatMap(read) }

    private static func read(_ statm: KeptFile) -> Reading? {
        statm.read { fields in
            guard let resident = fields.number(at: 1), let shared = fields.number(at: 2), resident > 0 else {
                return nil
            }
            return Reading(
                resident: resident * pageBytes, anonymous: max(0, resident - shared) * pageBytes)
        }
    }

    /// nil once the process has ended.
    func residentBytes() -> Int? { read()?.resident }

    /// From now on `peakBytes` is the most since now. It waits for the lock of the process's memory map, so it is for the
    /// moment before a run, when the process does nothing.
    ///
    /// - Returns: false where the kernel does not let us.
    func forgetPeak() -> Bool { refs?.write(UInt8(ascii: "5")) ?? false }

    /// The most that was resident at once; nil once the process has ended. 7 us, more than all the rest.
    func peakBytes() -> Int? {
        guard let status = KeptFile("/proc/\(pid)/status") else { return nil }
        return status.read { $0.number(after: "VmHWM:") }.map { $0 << 10 }
    }
}
