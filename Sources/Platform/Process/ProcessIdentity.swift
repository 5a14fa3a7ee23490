import Glibc

/// What tells processes apart across hosts, restarts and containers, and what can be read about one of them.
package enum ProcessIdentity {
    /// Another one after every start of the machine; the same in all its containers. Empty where /proc is missing.
    package static let bootID = ProcFile.text("/proc/sys/kernel/random/boot_id") ?? ""

    /// The number of this process's pid namespace: pids may be compared only within one. Zero where /proc is missing.
    package static let pidNamespace: UInt64 = {
        var file = stat()
        return stat("/proc/self/ns/pid", &file) == 0 ? UInt64(file.st_ino) : 0
    }()

    /// The name of this host: gethostname(2).
    package static var hostName: String {
        // 64 bytes is the kernel's limit, and one for the end.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 65) { buffer in
            guard let start = buffer.baseAddress, gethostname(start, 64) == 0 else { return "localhost" }
            buffer[64] = 0
            return String(cString: start)
        }
    }

    /// Clock ticks from boot to the start of a process, nil if there is none. With the pid it names the process.
    package static func startTime(of pid: Int32) -> UInt64? { ProcessEntry(pid: pid)?.startTime }

    /// Whether it is certain that the process that began then is no longer there. One that cannot be seen is not gone: /proc
    /// may hide those of other users (hidepid in proc(5), ProtectProc= of systemd), or there was no descriptor left to look.
    ///
    /// Gone is also one that has ended and that nobody reaps: its supervisor has ended too, and not everybody reaps what he
    /// is given then, such as the first process of many a container. While it has its supervisor, the end is for that to tell.
    ///
    /// - Parameters:
    ///   - startTime: as `startTime(of:)` gave it while the process ran; 0 if it could not be read.
    ///   - supervisor: its parent while it ran; 0 if that is not known.
    ///   - look: what /proc says of a process.
    package static func isGone(
        _ pid: Int32, startTime: UInt64, supervisor: Int32,
        look: (Int32) -> ProcessEntry? = { ProcessEntry(pid: $0) }
    ) -> Bool {
        guard pid > 0, startTime > 0 else { return false }
        if let found = look(pid) {
            return found.startTime != startTime || (found.isZombie && supervisor > 0 && found.parent != supervisor)
        }
        // Whoever may not see a process is still told whether there is one by that number: kill(2).
        return kill(pid, 0) != 0 && errno == ESRCH
    }

    /// Memory a process has resident, in KiB; nil if there is no such process.
    package static func residentKB(of pid: Int32) -> Int? {
        // The second number, in pages. An estimate (proc(5)), but smaps_rollup takes milliseconds for a large process.
        guard let fields = ProcFile.text("/proc/\(pid)/statm")?.split(separator: " "), fields.count > 1,
            let pages = Int(fields[1])
        else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE)) / 1024
    }

    /// The environment a process was started with, "NAME=value" each; nil if it is gone or belongs to another user.
    package static func environment(of pid: Int32) -> [String]? {
        ProcFile.read("/proc/\(pid)/environ")?.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The number of the pipe a process has under a descriptor; the same for everyone who has an end of that pipe.
    ///
    /// - Returns: nil if it is no pipe, or the process is gone or belongs to another user.
    package static func pipeInode(of pid: Int32, fd: Int32) -> UInt64? {
        var file = stat()
        guard stat("/proc/\(pid)/fd/\(fd)", &file) == 0, file.st_mode & S_IFMT == S_IFIFO else { return nil }
        return UInt64(file.st_ino)
    }
}
