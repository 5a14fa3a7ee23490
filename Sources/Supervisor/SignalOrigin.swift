import Glibc
import Platform

/// Says who sent a signal, for the log.
enum SignalOrigin {
    /// "SIGTERM from pid 1 (systemd)"; a sender that has ended by now has no name.
    static func describe(_ signal: Signal, senderPID: Int32) -> String {
        // The kernel sends what a terminal's keys ask for.
        guard senderPID > 0 else { return "\(signal.name) from the terminal" }
        // A sandbox (ProtectProc=) hides the service manager, the most frequent sender of all.
        let unknown = senderPID == 1 ? "init" : nil
        guard let name = commandName(of: senderPID) ?? unknown else { return "\(signal.name) from pid \(senderPID)" }
        return "\(signal.name) from pid \(senderPID) (\(name))"
    }

    /// proc_pid_comm(5). Nil if the process is gone or hidden from us.
    private static func commandName(of pid: Int32) -> String? {
        // Losing the reason is right: the name only decorates a log line.
        guard let file = try? FileDescriptor.open("/proc/\(pid)/comm", O_RDONLY), let bytes = try? file.readAll() else {
            return nil
        }
        return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }
}
