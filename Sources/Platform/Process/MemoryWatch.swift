import Glibc

/// How much memory is left, and how long tasks wait for it: of the host, and of every cgroup above this process that has a
/// limit. Read from descriptors that are kept open, so that a look costs some ten microseconds.
///
/// proc(5) /proc/meminfo; the kernel's Documentation/accounting/psi.rst and admin-guide/cgroup-v2.rst. One thread.
package final class MemoryWatch {
    package struct Reading: Equatable, Sendable {
        /// "the host", or "the cgroup PATH".
        package let place: String
        /// How long some task has waited for memory since the start of the place, in microseconds; nil without PSI.
        package let stalledMicroseconds: Int?
        /// Bytes.
        package let total: Int
        /// Bytes that can be had without swapping: what is free, and what only caches files.
        package let available: Int
    }

    private struct Group {
        let place: String
        let limit: KeptText
        let current: KeptText
        let statistics: KeptText?
        let pressure: KeptText?
    }

    private let memory = KeptText("/proc/meminfo")
    private let pressure = KeptText("/proc/pressure/memory")
    private let groups: [Group]

    /// - Parameter group: the lowest of the cgroups that count; this process's own, usually.
    package init(from group: ControlGroup? = .own()) {
        var groups: [Group] = []
        var next = group
        // A cgroup has this file unless it is the root of all; whatever has none is no cgroup any more.
        while let group = next, groups.count < 32, let limit = KeptText("\(group.path)/memory.max"),
            let current = KeptText("\(group.path)/memory.current")
        {
            groups.append(
                Group(
                    place: "the cgroup \(group.path)", limit: limit, current: current,
                    statistics: KeptText("\(group.path)/memory.stat"),
                    pressure: KeptText("\(group.path)/memory.pressure")))
            next = group.parent
        }
        self.groups = groups
    }

    /// The host first; cgroups only while they have a limit.
    package func read() -> [Reading] {
        var readings: [Reading] = []
        if let text = memory?.read(), let total = KeptText.number(named: "MemTotal:", in: text),
            let available = KeptText.number(named: "MemAvailable:", in: text)
        {
            readings.append(
                Reading(
                    place: "the host", stalledMicroseconds: pressure?.read().flatMap(Self.stalled),
                    total: total << 10, available: available << 10))
        }
        for group in groups {
            // "max" is no number: there is no limit.
            guard let limit = group.limit.number,
                let current = group.current.number
            else { continue }
            let statistics = group.statistics?.read() ?? ""
            let caches = ["inactive_file", "active_file", "slab_reclaimable"]
                .reduce(0) { $0 + (KeptText.number(named: $1, in: statistics) ?? 0) }
            readings.append(
                Reading(
                    place: group.place, stalledMicroseconds: group.pressure?.read().flatMap(Self.stalled), total: limit,
                    available: min(limit, max(0, limit - current + caches))))
        }
        return readings
    }

    /// "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345": the total, which reacts at once; the averages lag.
    static func stalled(_ text: String) -> Int? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("some ") }) else { return nil }
        return line.split(separator: " ").last { $0.hasPrefix("total=") }.flatMap { Int($0.dropFirst(6)) }
    }
}
