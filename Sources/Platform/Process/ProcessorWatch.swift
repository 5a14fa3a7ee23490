/// How busy the processors are that this process may use, with whatever it is: those of its affinity mask, and, where a
/// cgroup above it has a limit, that limit.
///
/// proc(5) /proc/stat, sched_setaffinity(2), the kernel's admin-guide/cgroup-v2.rst. One thread.
package final class ProcessorWatch {
    private struct Group {
        let limit: KeptText
        let statistics: KeptText
        var usedMicroseconds: Int?
    }

    /// Ticks since boot.
    struct Ticks: Equatable {
        var busy = 0
        var total = 0
    }

    private let statistics = KeptText("/proc/stat", size: 64 << 10)
    private let mask: Set<Int>
    private var groups: [Group] = []
    private var ticks: Ticks?
    private var lookedAt = MonotonicTime.now()

    /// - Parameter group: the lowest of the cgroups that count; this process's own, usually.
    package init(from group: ControlGroup? = .own()) {
        mask = Self.affinity(ProcFile.text("/proc/self/status") ?? "")
        var next = group
        while let group = next, groups.count < 32, let statistics = KeptText("\(group.path)/cpu.stat") {
            // The root of all has no limit, nor has one whose controller is not in use.
            if let limit = KeptText("\(group.path)/cpu.max") {
                groups.append(Group(limit: limit, statistics: statistics))
            }
            next = group.parent
        }
    }

    /// How many they are, or the least that a limit leaves of them.
    package var cores: Double {
        let limits = groups.compactMap { $0.limit.read().flatMap(Self.cores) }
        return min(Double(max(1, mask.count)), limits.min() ?? .infinity)
    }

    /// The share of time in which they were busy since the last call, 0...1: of the host's, or of the limit that is nearest
    /// to its end. Nil at the first call.
    package func share() -> Double? {
        let now = MonotonicTime.now()
        let seconds = now.seconds(since: lookedAt)
        lookedAt = now
        var share: Double?
        if let found = statistics?.read().map({ Self.ticks($0, of: mask) }) {
            if let before = ticks, found.total > before.total {
                share = Double(found.busy - before.busy) / Double(found.total - before.total)
            }
            ticks = found
        }
        for index in groups.indices {
            guard let used = groups[index].statistics.read().flatMap({ KeptText.number(named: "usage_usec", in: $0) })
            else { continue }
            if let before = groups[index].usedMicroseconds, seconds > 0,
                let cores = groups[index].limit.read().flatMap(Self.cores)
            {
                share = max(share ?? 0, Double(used - before) / 1e6 / (seconds * cores))
            }
            groups[index].usedMicroseconds = used
        }
        return share.map { max(0, min(1, $0)) }
    }

    /// Lines like "cpu3 10132153 290696 3084719 46828483 16683 0 25195 0 175628 0": user, nice, system, idle, iowait, irq,
    /// softirq, steal; what follows is counted in those already.
    static func ticks(_ text: String, of mask: Set<Int>) -> Ticks {
        var ticks = Ticks()
        for line in text.split(separator: "\n") {
            // Lines without a number are the sum of all, and what follows the processors.
            guard line.hasPrefix("cpu") else { break }
            let words = line.split(separator: " ")
            guard words.count > 8, let number = Int(words[0].dropFirst(3)), mask.isEmpty || mask.contains(number) else {
                continue
            }
            let times = words[1...8].map { Int($0) ?? 0 }
            let all = times.reduce(0, +)
            ticks.total += all
            ticks.busy += all - times[3] - times[4]
        }
        return ticks
    }

    /// "200000 100000" is two; nil for "max 100000".
    static func cores(_ text: String) -> Double? {
        let words = text.split { $0 == " " || $0 == "\n" }.map { Double($0) }
        guard words.count == 2, let quota = words[0], let period = words[1], quota > 0, period > 0 else { return nil }
        return quota / period
    }

    /// The numbers of the processors this process may run on, of "Cpus_allowed_list:	0-1,4" in proc(5) /proc/self/status;
    /// empty if nobody says so.
    static func affinity(_ status: String) -> Set<Int> {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed_list:") }) else {
            return []
        }
        var numbers: Set<Int> = []
        for part in line.dropFirst(18).split(whereSeparator: { " \t,".contains($0) }) {
            let ends = part.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else { return [] }
            numbers.formUnion(first...last)
        }
        return numbers
    }
}
