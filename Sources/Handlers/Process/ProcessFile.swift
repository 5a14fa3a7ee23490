import Glibc
import Platform

/// What proc(5) says of other processes. Each answer may be out of date when it is read.
enum ProcessFile {
    /// Our children as our main thread has them. Orphans are given to it, while the children of our other threads are
    /// not listed there, which keeps the list short.
    static func childrenOfMainThread() -> [Int32] {
        read("/proc/self/task/\(getpid())/children").split { $0 == 0x20 || $0 == 0x0A }.compactMap {
            Int32(String(decoding: $0, as: UTF8.self))
        }
    }

    /// The threads of a process; none if it is gone.
    static func threads(of pid: Int32) -> [Int32] {
        guard let directory = opendir("/proc/\(pid)/task") else { return [] }
        defer { closedir(directory) }
        var threads: [Int32] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { strtol($0, nil, 10) }
            }
            if name > 0 { threads.append(Int32(name)) }
        }
        return threads
    }

    /// The inode of an open descriptor of ours; both ends of a pipe have the same. nil if it is not open.
    static func inode(of descriptor: Int32) -> UInt64? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : nil
    }

    /// Whether a process executes the same file as we do, as a child does between vfork(2) and execve(2).
    static func runsOurProgram(_ pid: Int32) -> Bool {
        guard let ours = target(of: "/proc/self/exe"), let theirs = target(of: "/proc/\(pid)/exe") else { return false }
        return ours == theirs
    }

    /// Whether a process holds the pipe with this inode.
    static func isPipe(_ inode: UInt64, openIn pid: Int32) -> Bool {
        guard let directory = opendir("/proc/\(pid)/fd") else { return false }
        defer { closedir(directory) }
        let pipe = Array("pipe:[\(inode)]".utf8)
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if target(of: "/proc/\(pid)/fd/\(name)") == pipe { return true }
        }
        return false
    }

    /// What a link says. stat(2) would ask the file system the file lies in, and if that is a dead file server's our thread
    /// would hang like the handler whose file it is.
    private static func target(of link: String) -> [UInt8]? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = readlink(link, start, buffer.count)
            return count > 0 ? buffer[..<count].map { UInt8(bitPattern: $0) } : nil
        }
    }

    /// Whether the environment the process was started with has exactly this `K=V`.
    static func environment(of pid: Int32, contains variable: String) -> Bool {
        read("/proc/\(pid)/environ").split(separator: 0).contains { $0.elementsEqual(variable.utf8) }
    }

    /// "" if it cannot be read: the process is gone, or it is not ours to look at.
    private static func read(_ path: String) -> [UInt8] {
        // Losing the reason is right: who cannot be read cannot be recognised either.
        guard let file = try? FileDescriptor.open(path, O_RDONLY), let bytes = try? file.readAll() else { return [] }
        return bytes
    }
}
