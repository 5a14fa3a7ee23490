import JobModel
import Platform

@testable import Supervisor

/// A machine with a supervisor, which is always right about its children, a scheduler and some workers.
final class Host {
    /// What the supervisor has told a worker, as far as it matters to the worker's end.
    private enum Standing {
        case working
        /// Another worker has its place.
        case retiring
        /// It was told to stop: whatever ends it counts against nobody.
        case ending
    }

    private struct Seat {
        let worker: SimulatedWorker
        var standing = Standing.working
    }

    unowned let world: World
    let index: Int
    /// Changes when the machine starts again.
    private(set) var boots = 0
    /// Counts supervisors.
    private var services = 0
    private(set) var isUp = true
    private(set) var isStopping = false
    var partitionedUntil: Int64 = 0
    private var seats: [Seat] = []
    private(set) var scheduler: SimulatedScheduler!
    private var vanished = VanishedWorkers()
    private let skewSeconds: Double
    private let bootOffset: Int64
    private var pids: Int32 = 100

    /// Between a stop's deadline and SIGKILL, in seconds.
    private static let killSeconds = Patience.worker

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
    var workers: [SimulatedWorker] { seats.map(\.worker) }

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

    // MARK: Starting

    private func startWorker() {
        pids += 1
        let worker = SimulatedWorker(self, pid: pids)
        seats.append(Seat(worker: worker))
        world.workers[worker.identity] = worker
        worker.begin()
    }

    private func startScheduler() {
        scheduler = SimulatedScheduler(self)
        scheduler.begin()
        vanished.forgetTelling(now: boot)
        tellDead()
    }

    private func startService() {
        services += 1
        isStopping = false
        vanished = VanishedWorkers()
        for _ in 0..<world.plan.workersPerHost { startWorker() }
        startScheduler()
    }

    /// Does something later, unless the supervisor is another by then, or the machine down.
    private func after(_ seconds: Double, _ action: @escaping () -> Void) {
        let (boots, services) = (boots, services)
        world.after(seconds) { [self] in
            if isUp, boots == self.boots, services == self.services { action() }
        }
    }

    // MARK: Ends of children

    /// A worker has ended.
    ///
    /// - Parameters:
    ///   - isClean: it exited with 0, so nobody needs to be told.
    ///   - death: what is to be told if nothing explains it.
    /// - Returns: the death, if it counts.
    func ended(_ worker: SimulatedWorker, isClean: Bool, _ death: WorkerDeath?) -> WorkerDeath? {
        guard let index = seats.firstIndex(where: { $0.worker === worker }) else { return nil }
        let standing = seats.remove(at: index).standing
        guard isUp else { return nil }
        let counts = standing != .ending && !isStopping && death?.running.isEmpty == false
        if !isClean, world.chance.happens(world.plan.tellsDeaths) {
            vanished.add(worker.identity, counts ? death : nil, now: boot)
            tellDead()
        }
        if isStopping {
            if seats.isEmpty { stopped() }
        } else if standing != .retiring {
            after(world.chance.scale(0.05, 1)) { [self] in if !isStopping { startWorker() } }
        }
        return counts ? death : nil
    }

    private func tellDead() {
        guard scheduler?.isAlive == true else { return }
        for (identity, death) in vanished.takeUntold(now: boot) {
            after(world.chance.scale(0.001, 0.1)) { [self] in scheduler.told(dead: identity, death) }
        }
    }

    func crashScheduler() {
        scheduler.crash()
        after(world.chance.scale(0.05, 2)) { [self] in if !isStopping { startScheduler() } }
    }

    // MARK: Orders

    /// SIGHUP: new workers are started, and the old ones let their jobs end.
    func reload() {
        guard isUp, !isStopping, seats.count <= world.plan.workersPerHost else { return }
        for old in workers {
            startWorker()
            after(world.chance.scale(0.05, 2)) { [self] in retire(old) }
        }
    }

    private func retire(_ worker: SimulatedWorker) {
        guard let index = seats.firstIndex(where: { $0.worker === worker }), seats[index].standing == .working else {
            // It has ended meanwhile, and its place was filled: as if there had been no reload.
            return
        }
        seats[index].standing = .retiring
        worker.stop(withinSeconds: .infinity)
    }

    /// SIGTERM to the supervisor, and a start some seconds after all has ended.
    func stopService(withinSeconds seconds: Double) {
        guard isUp else { return }
        world.note("\(name) is to stop within \(seconds) s")
        isStopping = true
        for index in seats.indices { seats[index].standing = .ending }
        if seats.isEmpty { return stopped() }
        for worker in workers {
            worker.stop(withinSeconds: seconds)
            world.after(seconds + Self.killSeconds) { [weak worker] in worker?.crash() }
        }
    }

    private func stopped() {
        services += 1  // What was still to happen does not any more.
        scheduler.crash()
        after(world.chance.scale(0.1, 30)) { [self] in startService() }
    }

    /// SIGKILL to all of it at once; it is started again.
    func killTree() {
        guard isUp else { return }
        services += 1
        isStopping = true  // Nobody is left to see the workers end, or to start others.
        vanished = VanishedWorkers()
        let all = workers
        seats.removeAll()
        for worker in all { worker.crash() }
        scheduler.crash()
        after(world.chance.scale(0.1, 30)) { [self] in startService() }
    }

    /// Power fails; it comes back after some seconds.
    func vanish(forSeconds seconds: Double) {
        guard isUp else { return }
        isUp = false
        for worker in workers { worker.crash() }
        seats.removeAll()
        scheduler.crash()
        world.after(seconds) { [self] in
            isUp = true
            boots += 1
            startService()
        }
    }

    /// As ProcessOrigin tells it.
    func isRunning(_ identity: String) -> Bool { seats.contains { $0.worker.identity == identity } }
}
