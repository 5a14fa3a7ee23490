import Platform

/// Whether the kernel killed processes of this machine for want of memory: `oom_kill` of /proc/vmstat, since Linux 4.13. It
/// does not say whose.
///
/// Only the leader touches it.
final class KernelKills {
    private let path: String
    private var count: Int?
    /// The look that first saw the last rise.
    private var rose = MonotonicTime(nanoseconds: .min)

    init(path: String) {
        self.path = path
        count = Self.read(path)
    }

    /// To be called every second or so: between two looks it cannot be told when something happened.
    func look(at now: MonotonicTime) {
        guard let seen = Self.read(path) else { return }
        if let count, seen > count { rose = now }
        count = seen
    }

    /// Whether there was a kill since this moment, or in the second before it.
    func happened(since begin: MonotonicTime, now: MonotonicTime) -> Bool {
        look(at: now)
        return rose >= begin
    }

    private static func read(_ path: String) -> Int? {
        // Losing the reason is right: what cannot be read proves nothing.
        guard let file = try? FileDescriptor.open(path, 0), let bytes = try? file.readAll() else { return nil }
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: Array("oom_kill ".utf8)) {
            return Int(String(decoding: line.dropFirst(9), as: UTF8.self))
        }
        return nil
    }
}
