/// What many runs came to.
struct Totals: CustomStringConvertible {
    private(set) var seeds = 0
    private(set) var failures = 0
    private var jobs = 0
    private var runs = 0
    private var repeats = 0
    private var undone = 0
    private var forgotten = 0
    private var crashes = 0
    private var deaths = 0
    private var poisoned = 0
    private var slowestRescue = 0.0
    private var longestRest = 0.0
    private var virtualSeconds = 0.0

    mutating func add(_ report: Simulation.Report) {
        seeds += 1
        if !report.violations.isEmpty { failures += 1 }
        jobs += report.pushed + report.forgotten
        runs += report.runs
        repeats += report.repeats
        undone += report.undone
        forgotten += report.forgotten
        crashes += report.crashes
        deaths += report.deaths
        poisoned += report.poisoned
        slowestRescue = max(slowestRescue, report.slowestRescue)
        longestRest = max(longestRest, report.restSeconds)
        virtualSeconds += report.virtualSeconds
    }

    var description: String {
        """
        \(seeds) seeds, \(failures) with violations; \(Int(virtualSeconds / 3600)) h of virtual time
          \(jobs) jobs pushed, \(runs) runs; \(crashes) workers killed
          \(repeats) runs repeated after a rescue, \(undone) since Redis forgot; \(forgotten) pushes forgotten by Redis
          \(deaths) deaths counted, \(poisoned) jobs buried for them
          without faults: slowest rescue \(slowestRescue) s, all done after \(longestRest) s at the latest
        """
    }
}
