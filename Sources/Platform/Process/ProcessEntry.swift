/// One process as /proc/PID/stat shows it: proc(5).
package struct ProcessEntry: Equatable, Sendable {
    package let pid: Int32
    package let parent: Int32
    package let group: Int32
    package let session: Int32
    /// Ended but not yet reaped by its parent.
    package let isZombie: Bool
    /// Clock ticks since boot; with the pid it names a process for as long as the machine is up.
    package let startTime: UInt64

    /// What no other process has in common with it until the machine starts anew.
    package struct Identity: Hashable, Sendable {
        package let pid: Int32
        package let startTime: UInt64
    }

    package var identity: Identity { Identity(pid: pid, startTime: startTime) }

    /// Reads one line of the kind "4711 (some name) S 1 4711 4711 …".
    package init?(stat line: [UInt8]) {
        // The name may contain anything, parentheses and spaces too; the last parenthesis ends it.
        guard let open = line.firstIndex(of: UInt8(ascii: "(")), let close = line.lastIndex(of: UInt8(ascii: ")")),
            open < close, let pid = Self.number(line[..<open].dropLast())
        else { return nil }
        let fields = line[(close + 1)...].split(separator: UInt8(ascii: " "))
        // Counted from the state, field 3 of the manual page: parent 4, group 5, session 6, start time 22.
        guard fields.count > 19, let parent = Self.number(fields[1]), let group = Self.number(fields[2]),
            let session = Self.number(fields[3]), let startTime = Self.number(fields[19])
        else { return nil }
        self.pid = Int32(truncatingIfNeeded: pid)
        self.parent = Int32(truncatingIfNeeded: parent)
        self.group = Int32(truncatingIfNeeded: group)
        self.session = Int32(truncatingIfNeeded: session)
        self.startTime = startTime
        let state = fields[0].first
        isZombie = state == UInt8(ascii: "Z") || state == UInt8(ascii: "X")
    }

    /// A process by its number, nil if there is none.
    package init?(pid: Int32) {
        guard let line = ProcFile.read("/proc/\(pid)/stat") else { return nil }
        self.init(stat: line)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        UInt64(String(decoding: digits, as: UTF8.self))
    }
}
