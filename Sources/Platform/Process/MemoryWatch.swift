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

    private final class File {
        private let descriptor: FileDescriptor

        init?(_ path: String) {
            // Which error it was does not matter: a file that cannot be opened says nothing.
            guard let descriptor = try? FileDescriptor.open(path, O_RDONLY) else { return nil }
            self.descriptor = descriptor
        }

        /// From its beginning; nil if there is nothing. At most 4 KiB, where all that is asked for stands.
        func text() -> String? {
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
                let count = pread(descriptor.raw, buffer.baseAddress, buffer.count, 0)
                return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
            }
        }
    }

    private struct Group {
        let place: String
        let limit: File
        let current: File
        let statistics: File?
        let pressure: File?
    }

    private let memory = File("/proc/meminfo")
    private let pressure = File("/proc/pressure/memory")
    private let groups: [Group]

    /// - Parameter group: the lowest of the cgroups that count; this process's own, usually.
    package init(from group: ControlGroup? = .own()) {
        var groups: [Group] = []
        var next = group
        // A cgroup has this file unless it is the root of all; whatever has none is no cgroup any more.
        while let group = next, groups.count < 32, let limit = File("\(group.path)/memory.max"),
            let current = File("\(group.path)/memory.current")
        {
            groups.append(
                Group(
                    place: "the cgroup \(group.path)", limit: limit, current: current,
                    statistics: File("\(group.path)/memory.stat"), pressure: File("\(group.path)/memory.pressure")))
            next = group.parent
        }
        self.groups = groups
    }

    /// The host first; cgroups only while they have a limit.
    package func read() -> [Reading] {
        var readings: [Reading] = []
        if let text = memory?.text(), let total = Self.number(named: "MemTotal:", in: text),
            let available = Self.number(named: "MemAvailable:", in: text)
        {
            readings.append(
                Reading(
                    place: "the host", stalledMicroseconds: pressure?.text().flatMap(Self.stalled),
                    total: total << 10, available: available << 10))
        }
        for group in groups {
            // "max" is no number: there is no limit.
            guard let limit = group.limit.text().flatMap(Self.number),
                let current = group.current.text().flatMap(Self.number)
            else { continue }
            let statistics = group.statistics?.text() ?? ""
            let caches = ["inactive_file", "active_file", "slab_reclaimable"]
                .reduce(0) { $0 + (Self.number(named: $1, in: statistics) ?? 0) }
            readings.append(
                Reading(
                    place: group.place, stalledMicroseconds: group.pressure?.text().flatMap(Self.stalled), total: limit,
                    available: min(limit, max(0, limit - current + caches))))
        }
        return readings
    }

    /// "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345": the total, which reacts at once; the averages lag.
    static func stalled(_ text: String) -> Int? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("some ") }) else { return nil }
        return line.split(separator: " ").last { $0.hasPrefix("total=") }.flatMap { Int($0.dropFirst(6)) }
    }

    /// The number behind a name at the beginning of a line: "MemTotal:       24684032 kB".
    static func number(named name: String, in text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.split(separator: " ")
            if words.count > 1, words[0] == name { return Int(words[1]) }
        }
        return nil
    }

    private static func number(_ text: String) -> Int? { Int(text.prefix { $0 != "\n" }) }
}
