import Insight

/// Which share of their time runs have waited for a core lately: for the process record, by which `processes: auto` tells a
/// CPU that is full of these jobs from one that is full of what yields to them.
struct CoreWaits {
    private var seconds = 0.0
    private var waited = 0.0

    mutating func note(_ cost: RunCost) {
        seconds += cost.wallSeconds
        waited += cost.coreWaitSeconds
    }

    /// The share so far, 0...1, in which what is old counts less each time; nil if nothing was measured.
    mutating func takeShare() -> Double? {
        guard seconds > 0 else { return nil }
        defer {
            seconds /= 2
            waited /= 2
        }
        return max(0, min(1, waited / seconds))
    }
}
