import Platform

/// What else is known of the end of a handler's process that was killed: who used the memory then.
struct Circumstances: Equatable {
    /// No more are named of either kind.
    static let most = 3

    /// The most memory the process had, in bytes; nil where that is not known.
    var peakBytes: Int?
    /// The kernel killed somebody on this machine for want of memory at about that time.
    var kernelKilled = false
    /// Other handler processes of the worker, the largest first.
    var neighbours: [Neighbour] = []
    /// The runs in the process by their numbers, each as people call it.
    var runs: [Int: String] = [:]

    /// What else ran, for the error of a run; "" if nothing did.
    ///
    /// - Parameter run: its number.
    func others(than run: Int?) -> String {
        let inside = runs.filter { $0.key != run }.sorted { $0.key < $1.key }.map(\.value)
        var text = ""
        if !inside.isEmpty { text += "; in the same process ran \(Self.list(inside))" }
        if !neighbours.isEmpty {
            let named = neighbours.map {
                "\($0.handler) (pid \($0.pid)) \(MemoryShortage.megabytes($0.residentBytes))"
            }
            text += "; of this worker's other handler processes the largest had \(Self.list(named))"
        }
        return text
    }

    /// What it had and what the kernel did, for a kill of which nobody knows who it was; "" if there is nothing to say.
    var suspicion: String {
        let peak = peakBytes.map { ", peak memory \(MemoryShortage.megabytes($0))" } ?? ""
        guard kernelKilled else { return peak }
        return peak
            + "; at about that time the kernel killed a process of this machine for want of memory (oom_kill of "
            + "/proc/vmstat)"
    }

    private static func list(_ items: [String]) -> String {
        let rest = items.count - most
        return items.prefix(most).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}
