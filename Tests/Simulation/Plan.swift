/// What one seed makes of a run: how many of everything, and which faults. Many runs have only some of the faults, since
/// faults hide one another.
struct Plan {
    let hosts: Int
    let workersPerHost: Int
    let slots: Int
    let queues: Int
    let isWeighted: Bool
    let jobs: Int
    /// Whether most jobs take a millisecond and come by the hundred: only then are more fetched than there are slots.
    let isFast: Bool
    /// Virtual seconds during which there are faults.
    let faultySeconds: Double
    /// Virtual seconds after the last fault within which everything has to be finished.
    let quietSeconds = 300.0
    /// Per request.
    let networkFaults: Double
    /// Seconds between other faults, on average.
    let faultPause: Double
    let faults: [Fault]
    /// Whether a set stays of another type for long after the other faults: rescue has to go on all the same.
    let isSpoiledForLong: Bool
    /// Whether calendars of hosts differ, by up to 90 s either way.
    let isSkewed: Bool
    /// How often the supervisor's word of a death reaches a scheduler.
    let tellsDeaths: Double

    init(_ chance: inout Chance) {
        hosts = chance.integer(1...3)
        workersPerHost = chance.integer(1...2)
        slots = chance.integer(1...4)
        queues = chance.integer(1...3)
        isWeighted = chance.happens(0.5)
        isFast = chance.happens(0.15)
        jobs = isFast ? chance.integer(80...200) : chance.integer(8...40)
        faultySeconds = chance.between(15, 60)
        networkFaults = chance.happens(0.2) ? 0 : chance.scale(0.001, 0.05)
        faultPause = chance.scale(1, 20)
        var faults: [Fault] = []
        for fault in Fault.allCases where chance.happens(0.6) { faults.append(fault) }
        self.faults = faults
        isSpoiledForLong = chance.happens(0.1)
        isSkewed = chance.happens(0.7)
        tellsDeaths = chance.one(of: [0, 0.5, 1])
    }
}

enum Fault: CaseIterable {
    case workerCrash
    case workerPause
    case shortPause
    case hostVanishes
    case hostPartition
    case schedulerCrash
    case redisFreeze
    case redisRestart
    case redisRefusal
    case connectionResets
    case wrongType
    case quiet
    case stop
    case retire
    case supervisorGone
}
