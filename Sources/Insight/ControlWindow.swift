/// What was measured over some looks at one number of slots, all of them taken.
struct ControlWindow: Sendable {
    private(set) var seconds = 0.0
    private var finished = 0
    private var runSeconds = 0.0
    private var measuredSeconds = 0.0
    private var cpuSeconds = 0.0
    private var coreWaitSeconds = 0.0
    /// Busy share times seconds, and the seconds of which it is known.
    private var busySeconds = 0.0
    private var watchedSeconds = 0.0

    mutating func add(_ sight: ConcurrencyControl.Sight, seconds: Double) {
        self.seconds += seconds
        finished += sight.finished
        runSeconds += sight.runSeconds
        measuredSeconds += sight.measuredSeconds
        cpuSeconds += sight.cpuSeconds
        coreWaitSeconds += sight.coreWaitSeconds
        guard let cpu = sight.cpu else { return }
        busySeconds += cpu * seconds
        watchedSeconds += seconds
    }

    /// Enough runs to say something.
    var isTelling: Bool { finished >= 30 }

    /// Runs a second.
    var rate: Double { seconds > 0 ? Double(finished) / seconds : 0 }

    /// Of a run, in seconds; 0 if none ended.
    var latency: Double { finished > 0 ? runSeconds / Double(finished) : 0 }

    /// The share of the cores that was busy; nil if nobody knows.
    var cpu: Double? { watchedSeconds > 0 ? busySeconds / watchedSeconds : nil }

    /// Of the time of runs, on a core and waiting for one; nil if none was measured.
    var shares: (cpu: Double, coreWait: Double)? {
        guard measuredSeconds > 0 else { return nil }
        return (min(1, cpuSeconds / measuredSeconds), min(1, coreWaitSeconds / measuredSeconds))
    }

    /// By how much a quotient of two rates errs, relative, if runs end independently of each other.
    func error(against other: ControlWindow) -> Double {
        (1 / Double(max(1, finished)) + 1 / Double(max(1, other.finished))).squareRoot()
    }
}
