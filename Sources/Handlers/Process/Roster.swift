/// The handler processes of this worker that live now, to tell who had the memory when one was killed for want of it.
///
/// Only the leader touches it.
final class Roster {
    /// Pid to the handler's configured name.
    private var living: [Int32: String] = [:]

    func add(_ pid: Int32, handler: String) { living[pid] = handler }
    func remove(_ pid: Int32) { living[pid] = nil }

    /// Those with the most memory resident, the largest first. Reads a file for each that lives.
    func largest(_ count: Int) -> [Neighbour] {
        let all = living.compactMap { pid, handler in
            MemoryGauge(of: pid)?.residentBytes().map { Neighbour(handler: handler, pid: pid, residentBytes: $0) }
        }
        return Array(all.sorted { ($1.residentBytes, $0.pid) < ($0.residentBytes, $1.pid) }.prefix(count))
    }
}

/// A handler process that lived when another was killed.
struct Neighbour: Equatable {
    let handler: String
    let pid: Int32
    let residentBytes: Int
}
