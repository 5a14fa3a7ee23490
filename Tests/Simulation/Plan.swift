import JobModel

@testable import Worker

/// What one seed makes of a run: how many of everything, and which faults. Many runs have only some of the faults, since
/// faults hide one another.
struct Plan {
    let hosts: Int
    let workersPerHost: Int
    /// Of the first capsule.
    let slots: Int
    let queues: Int
    let isWeighted: Bool
    /// Of each other capsule: its slots, and which of the queues it serves.
    let capsules: [(slots: Int, queues: [Int])]
    let jobs: Int
    /// Whether most jobs take a millisecond and come by the hundred: only then are more fetched than there are slots.
    let isFast: Bool
    /// Virtual seconds during which there are faults.
    let faultySeconds: Double
    /// Virtual seconds after the last fault within which everything has to be finished.
    let quietSeconds = 900.0
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
    /// When a job is taken for poison.
    let poison: PoisonLimit
    let payloadLimits = PayloadLimits(bytes: 3000, warningBytes: 1000, depth: 8)
    /// Streamed children wait while their queue holds so many jobs.
    let childrenWaiting: Int
    /// Numbers that only speed depends on.
    let tuning: WorkerState.Tuning
    /// So often somebody wants some jobs cancelled.
    let cancellations: Int
    /// Due jobs that are moved at a time.
    let dueBatch: Int

    init(_ chance: inout Chance, breakage: Breakage?) {
        hosts = chance.integer(1...3)
        workersPerHost = chance.integer(1...2)
        slots = chance.integer(1...4)
        queues = chance.integer(1...3)
        isWeighted = chance.happens(0.5)
        isFast = chance.happens(0.15)
        jobs = isFast ? chance.integer(80...200) : chance.integer(8...40)
        faultySeconds = chance.between(15, 60)
        let networkFaults = chance.happens(0.2) ? 0 : chance.scale(0.001, 0.05)
        self.networkFaults = breakage == nil ? networkFaults : max(networkFaults, 0.02)
        let pause = chance.scale(1, 20)
        faultPause = breakage == nil ? pause : min(pause, 4)
        var faults: [Fault] = []
        for fault in Fault.allCases where chance.happens(fault.isForgetful ? 0.2 : 0.6) { faults.append(fault) }
        self.faults = breakage.map { $0.faults.isEmpty ? faults : $0.faults } ?? faults
        isSpoiledForLong = chance.happens(0.1) || breakage == .refusalDropsConnection
        isSkewed = chance.happens(0.7)
        tellsDeaths = chance.one(of: [0, 0.5, 1])
        poison = PoisonLimit(
            deaths: chance.one(of: [0, 1, 2, 3, 3, 3]), seconds: chance.one(of: [20, 259_200, 259_200]))
        childrenWaiting = chance.one(of: [0, 0, 1, 3, 10])
        var tuning = WorkerState.Tuning()
        if chance.happens(0.5) {
            tuning.exchangeLimit = chance.one(of: [1, 2, 5, tuning.exchangeLimit])
            tuning.prefetchSeconds = chance.one(of: [0...0, tuning.prefetchSeconds, 1000...1000])
            tuning.patienceSeconds = chance.one(of: [0.001, tuning.patienceSeconds, 1])
            tuning.busyAfterFullFetches = chance.one(of: [1, tuning.busyAfterFullFetches])
            tuning.blockedSeconds = chance.one(of: [0.1, tuning.blockedSeconds])
        }
        self.tuning = tuning
        let isAboutRequests = breakage?.isAboutRequests ?? false
        cancellations = isAboutRequests ? chance.integer(4...12) : chance.one(of: [0, 0, 1, 3, 8])
        dueBatch = chance.one(of: [1, 3, 100])
        capsules = Self.capsules(queues, isMany: breakage == .capsulesMixed, &chance)
    }

    /// Often none. A queue may stand in several.
    private static func capsules(
        _ queues: Int, isMany: Bool, _ chance: inout Chance
    ) -> [(slots: Int, queues: [Int])] {
        guard isMany || chance.happens(0.4) else { return [] }
        return (0..<chance.integer(1...2)).map { _ in
            let served = (0..<queues).filter { _ in chance.happens(0.5) }
            return (chance.integer(1...3), served.isEmpty ? [chance.integer(0...queues - 1)] : served)
        }
    }
}

enum Fault: CaseIterable {
    case workerCrash
    case workerPause
    case shortPause
    case hostVanishes
    case hostPartition
    case schedulerCrash
    /// Stopped, and continued later: between two of its steps, most often.
    case schedulerPause
    case redisFreeze
    case redisRestart
    case redisRefusal
    case redisFull
    /// It restarts with what its disk has: up to a second is missing.
    case redisForgets
    /// A replica takes over that had not heard of everything; the old master may go on for a while.
    case redisFailover
    case connectionResets
    case wrongType
    /// Back-pressure: nothing is fetched for a while.
    case hold
    /// Another number of slots, from one to all.
    case resize
    /// Somebody pauses a queue for a while.
    case pause
    case quiet
    case stop
    case retire
    case supervisorGone
    /// New workers beside the old ones, which end when they are empty.
    case reload
    /// The whole service, once or twice, and started again.
    case serviceStop
    /// The same while Redis is away.
    case stopWithoutRedis
    /// Supervisor, scheduler and workers at once.
    case treeKilled

    /// Whether acknowledged writes are lost in it. Rare, since it excuses what would else be found.
    var isForgetful: Bool { self == .redisForgets || self == .redisFailover }
}
