import CPosix
import Glibc

/// A cgroup of version 2: cgroups(7), and the kernel's admin-guide/cgroup-v2. Usable from any thread.
package final class ControlGroup: Sendable {
    /// Absolute, where the hierarchy is mounted here.
    package let path: String
    // Held open: what is read and written is this cgroup, also if another one of the same name follows it.
    private let directory: FileDescriptor

    package init(path: String) throws(SystemError) {
        self.path = path
        directory = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
    }

    /// For clone3(2) and openat(2). Valid as long as this object.
    var raw: Int32 { directory.raw }

    package var name: String { path.split(separator: "/").last.map(String.init) ?? "" }

    /// The one above it; nil if there is none, or none we see.
    package var parent: ControlGroup? {
        let parts = path.split(separator: "/").dropLast()
        // Which error it was does not matter: what cannot be opened is not there for us.
        return try? ControlGroup(path: "/" + parts.joined(separator: "/"))
    }

    /// That of this process; nil where no hierarchy of version 2 is mounted, or not where this process is.
    package static func own() -> ControlGroup? { of("self") }

    /// That of another process, as far as it is seen from here.
    package static func of(_ pid: Int32) -> ControlGroup? { of(String(pid)) }

    private static func of(_ process: String) -> ControlGroup? {
        guard let mounts = ProcFile.text("/proc/self/mountinfo"), let groups = ProcFile.text("/proc/\(process)/cgroup"),
            let path = path(mounts: mounts, groups: groups)
        else { return nil }
        return try? ControlGroup(path: path)
    }

    /// - Parameters:
    ///   - mounts: as /proc/PID/mountinfo of proc(5) has them.
    ///   - groups: as /proc/PID/cgroup of cgroups(7) has them.
    static func path(mounts: String, groups: String) -> String? {
        guard let line = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return nil }
        let group = line.dropFirst(3)
        for mount in mounts.split(separator: "\n") {
            // "41 31 0:38 /root /mount/point options optional-fields - type source options"
            let fields = mount.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 1, dash > 5,
                fields[dash + 1] == "cgroup2"
            else { continue }
            let root = fields[3] == "/" ? "" : fields[3]
            guard group == root || group.hasPrefix("\(root)/") else { continue }
            let below = group.dropFirst(root.count)
            return below == "/" ? String(fields[4]) : "\(fields[4])\(below)"
        }
        return nil
    }

    /// The service manager left the tree below it to whoever runs in it, as `Delegate=yes` of systemd.resource-control(5)
    /// says: systemd 251 and later mark it so.
    package var isDelegated: Bool {
        ["user.delegate", "trusted.delegate"].contains { name in
            var value: UInt8 = 0
            return getxattr(path, name, &value, 1) == 1 && value == UInt8(ascii: "1")
        }
    }

    // MARK: Its files

    /// What a file of it says, without the line break at its end; nil if there is none, or the cgroup is gone.
    package func text(of file: String) -> String? {
        let raw = openat(directory.raw, file, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let descriptor = FileDescriptor(raw)
        // Losing the reason is right: what cannot be read says nothing.
        guard var bytes = try? descriptor.readAll() else { return nil }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A number a file of it consists of; nil also for "max".
    package func number(of file: String) -> Int? { text(of: file).flatMap(Int.init) }

    /// A number of a file that has one behind each of several names: memory.events, cgroup.events.
    package func number(of file: String, named name: String) -> Int? {
        for line in text(of: file)?.split(separator: "\n") ?? [] {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == name { return Int(words[1]) }
        }
        return nil
    }

    package func write(_ text: String, to file: String) throws(SystemError) {
        let raw = openat(directory.raw, file, O_WRONLY | O_CLOEXEC)
        guard raw >= 0 else { throw SystemError.last("open \(path)/\(file)") }
        let descriptor = FileDescriptor(raw)
        // The kernel takes a value as one write or not at all.
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor.raw, bytes, bytes.count) == bytes.count else {
            throw SystemError.last("write \(text) to \(path)/\(file)")
        }
    }

    // MARK: Those in it

    /// Whether a process lives in it or below it. Zombies do not count.
    package var isPopulated: Bool { number(of: "cgroup.events", named: "populated") == 1 }

    /// The processes in it, not those below it.
    package var processes: [Int32] { text(of: "cgroup.procs")?.split(separator: "\n").compactMap { Int32($0) } ?? [] }

    /// Sends SIGKILL to all processes in it and below it, in one step that no fork escapes.
    ///
    /// - Returns: false where the kernel cannot (before Linux 5.14) or the cgroup is gone.
    @discardableResult
    package func kill() -> Bool {
        do throws(SystemError) {
            try write("1", to: "cgroup.kill")
            return true
        } catch {
            return false
        }
    }

    /// Whether the kernel can kill all of a cgroup. In one that was delegated to us this file is not ours to write, in those
    /// we make below it, it is.
    package var canKill: Bool { faccessat(directory.raw, "cgroup.kill", F_OK, 0) == 0 }

    /// Moves this process into it, all its threads.
    package func enter() throws(SystemError) { try write("0", to: "cgroup.procs") }

    // MARK: Those below it

    /// The names of the cgroups directly below it.
    package var childNames: [String] {
        guard let list = opendir(path) else { return [] }
        defer { closedir(list) }
        var names: [String] = []
        while let entry = readdir(list) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// One directly below it, made if there is none.
    package func child(_ name: String) throws(SystemError) -> ControlGroup {
        let path = "\(path)/\(name)"
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw SystemError.last("make the cgroup \(path)") }
        return try ControlGroup(path: path)
    }

    /// Removes it and all below it, as far as no process lives there.
    ///
    /// - Returns: whether it is gone.
    @discardableResult
    package func remove() -> Bool {
        for name in childNames {
            // Gone meanwhile: all the better.
            (try? ControlGroup(path: "\(path)/\(name)"))?.remove()
        }
        return rmdir(path) == 0 || errno == ENOENT
    }
}
