import JobModel
import Platform

/// A machine with a supervisor, which is always right about its children, a scheduler and some workers.
final class Host {
    unowned let world: World
    let index: Int
    /// Changes when the machine starts again.
    private(set) var boots = 0
    private(set) var isUp = true
    var partitionedUntil: Int64 = 0
    private(set) var workers: [SimulatedWorker] = []
    private(set) var scheduler: SimulatedScheduler!
    private let skewSeconds: Double
    private let bootOffset: Int64
    private var pids: Int32 = 100

    init(_ world: World, index: Int) {
        self.world = world
        self.index = index
        skewSeconds = world.plan.isSkewed ? world.chance.between(-90, 90) : 0
        bootOffset = Int64(world.chance.between(100, 1_000_000) * 1e9)
        for _ in 0..<world.plan.workersPerHost { startWorker() }
        startScheduler()
    }

    var name: String { "host\(index)" }
    var bootID: String { "\(name)-boot\(boots)" }

    /// CLOCK_BOOTTIME.
    var boot: MonotonicTime { MonotonicTime(nanoseconds: world.now + bootOffset) }

    /// What `boot` says, as a time of the world.
    func worldTime(_ boot: MonotonicTime) -> Int64 {
        boot == .never ? .max : boot.nanoseconds - bootOffset
    }

    /// The calendar, which is wrong by some seconds.
    var wall: Timestamp {
        Timestamp(milliseconds: World.epoch / 1000 + world.now / 1_000_000 + Int64(skewSeconds * 1000))
    }

    // MARK: The supervisor

    private func startWorker() {
        pids += 1
        let worker = SimulatedWorker(self, pid: pids)
        workers.append(worker)
        world.workers[worker.identity] = worker
        worker.begin()
    }

    private func startScheduler() {
        scheduler = SimulatedScheduler(self)
        scheduler.begin()
    }

    /// A worker has ended.
    ///
    /// - Parameter isClean: it exited with 0, so nobody needs to be told.
    func ended(_ worker: SimulatedWorker, isClean: Bool) {
        workers.removeAll { $0 === worker }
        guard isUp else { return }
        if !isClean, world.chance.happens(world.plan.tellsDeaths) {
            world.after(world.chance.scale(0.001, 0.1)) { [self] in scheduler.told(dead: worker.identity) }
        }
        let boots = boots
        world.after(world.chance.scale(0.05, 1)) { [self] in
            if isUp && boots == self.boots { startWorker() }
        }
    }

    func crashScheduler() {
        scheduler.crash()
        let boots = boots
        world.after(world.chance.scale(0.05, 2)) { [self] in
            if isUp && boots == self.boots { startScheduler() }
        }
    }

    /// Power fails; it comes back after some seconds.
    func vanish(forSeconds seconds: Double) {
        guard isUp else { return }
        isUp = false
        for worker in workers { worker.crash() }
        workers.removeAll()
        scheduler.crash()
        world.after(seconds) { [self] in
            isUp = true
            boots += 1
            for _ in 0..<world.plan.workersPerHost { startWorker() }
            startScheduler()
        }
    }

    /// As ProcessOrigin tells it: nil if it cannot be known.
    func isRunning(_ identity: String) -> Bool { workers.contains { $0.identity == identity } }
}
