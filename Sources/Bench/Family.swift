import Platform

/// The processes of a daemon, and what each of them is.
struct Family {
    enum Role { case worker, handler, other }

    let members: [(pid: Int32, role: Role)]

    /// - Parameter supervisor: the process that was started.
    init(of supervisor: Int32) {
        let entries = ProcessTree.descendants(of: supervisor, in: ProcessTree.all())
        members =
            [(supervisor, .other)]
            + entries.map { entry in
                guard entry.parent == supervisor else { return (entry.pid, .handler) }
                let arguments = Proc.text("/proc/\(entry.pid)/cmdline").split(separator: "\0")
                return (entry.pid, arguments.dropFirst().first == "worker" ? .worker : .other)
            }
    }

    /// Megabytes (10^6 bytes) of memory, shared pages divided among those who share them: PSS in proc(5).
    func megabytes(_ isMeant: (Role) -> Bool = { _ in true }) -> Double {
        members.filter { isMeant($0.role) }.reduce(0) { sum, process in
            let lines = Proc.text("/proc/\(process.pid)/smaps_rollup").split(separator: "\n")
            let words = lines.first { $0.hasPrefix("Pss:") }?.split(separator: " ") ?? []
            return sum + (words.count > 1 ? Double(words[1]) ?? 0 : 0) * 1024 / 1e6
        }
    }
}
