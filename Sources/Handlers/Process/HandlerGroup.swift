import Configuration
import Platform

/// The cgroup of one handler process at a time.
final class HandlerGroup {
    let control: ControlGroup
    let handler: String
    /// What it has computed since it was made; there also without the controller `cpu`. nil where it cannot be read.
    let usage: KeptFile?
    /// Of this, what was for processes before the present one. Seconds.
    private(set) var usedBefore = 0.0
    private let hasMemory: Bool
    private let limitBytes: Int?
    /// How many processes in it the kernel has killed for want of memory, as far as was looked. Never set back.
    private var kills = 0
    private var hadShortage = false
    private var isUsed = false

    /// Sets its limits, as far as there is a controller for them: where one is missing, that was said at the start.
    init(_ control: ControlGroup, _ settings: HandlerSettings) throws(SystemError) {
        self.control = control
        handler = settings.name
        usage = KeptFile("\(control.path)/cpu.stat")
        let controllers = control.text(of: "cgroup.controllers")?.split(separator: " ") ?? []
        hasMemory = controllers.contains("memory")
        limitBytes = hasMemory ? settings.limits.memory : nil
        if hasMemory {
            // All of it dies or nobody: half a handler is worth nothing.
            try control.write("1", to: "memory.oom.group")
            if let bytes = settings.limits.memory {
                try control.write("\(bytes)", to: "memory.max")
                // The kernel may keep no account of swap; then there is nothing to set.
                try? control.write("0", to: "memory.swap.max")
            }
        }
        if controllers.contains("pids"), let tasks = settings.limits.tasks {
            try control.write("\(tasks)", to: "pids.max")
        }
        if controllers.contains("cpu"), let weight = settings.limits.cpuWeight {
            try control.write("\(weight)", to: "cpu.weight")
        }
    }

    /// What it has computed by now, in seconds; nil where that cannot be read.
    var usedSeconds: Double? { usage?.read { $0.number(after: "usage_usec") }.map { Double($0) / 1e6 } }

    /// It is used again: what it computed so far was for others.
    func beginAnew() { usedBefore = usedSeconds ?? 0 }

    /// What the process that has just ended ran short of, if it was memory. Asked once at each process's end.
    func shortage() -> MemoryShortage? {
        guard hasMemory else { return nil }
        let wasUsed = isUsed
        isUsed = true
        let now = control.number(of: "memory.events", named: "oom_kill") ?? kills
        guard now > kills else { return nil }
        kills = now
        hadShortage = true
        // Its peak is that of all its processes so far; the one that came to the limit certainly used that much.
        let peak = wasUsed && limitBytes == nil ? nil : control.number(of: "memory.peak")
        return MemoryShortage(limitBytes: limitBytes, peakBytes: peak)
    }

    /// Whether the next process would find it as good as new.
    var isReusable: Bool {
        guard !hadShortage else { return false }
        guard let limitBytes, let charged = control.number(of: "memory.current") else { return true }
        return Self.isLittle(charged, of: limitBytes)
    }

    /// Whether what is still charged to it, files in the cache or left in memory, leaves the next process its room.
    static func isLittle(_ chargedBytes: Int, of limitBytes: Int) -> Bool { chargedBytes <= limitBytes / 8 }
}
