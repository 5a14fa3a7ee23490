import Queueing

@testable import Worker

/// What goes wrong in a run beside the network: now and then one of the faults of its plan.
struct Faults {
    private unowned let world: World

    init(_ world: World) { self.world = world }

    func begin() {
        guard !world.plan.faults.isEmpty else { return }
        next()
    }

    private func next() {
        world.after(world.plan.faultPause * world.chance.between(0.1, 1.9)) { [self] in
            guard world.isFaulty else { return }
            happen(world.chance.one(of: world.plan.faults))
            next()
        }
    }

    /// Everything that is stopped goes on by itself at the end of its time; nothing new happens after this.
    func end() {
        world.isFaulty = false
        for worker in workers { worker.link.pausesAtFetch = nil }
        for host in world.hosts { host.scheduler.goOn() }
        world.note("no more faults")
    }

    private func happen(_ fault: Fault) {
        let host = world.chance.one(of: world.hosts)
        world.note("\(fault) at \(host.name)")
        switch fault {
        case .hostVanishes: host.vanish(forSeconds: world.chance.scale(1, 60))
        case .hostPartition: host.partitionedUntil = world.now + nanoseconds(1, 60)
        case .schedulerCrash: if host.isUp { host.crashScheduler() }
        case .redisFreeze: freeze()
        case .redisRestart: restart()
        case .redisRefusal: refuse()
        case .redisFull: fill()
        case .redisForgets: forget()
        case .redisFailover: failOver()
        case .schedulerPause: pauseScheduler(of: host)
        case .reload: host.reload()
        case .serviceStop: stop(host)
        case .stopWithoutRedis:
            if world.chance.happens(0.5) { freeze() } else { restart() }
            stop(host)
        case .treeKilled: host.killTree()
        case .connectionResets: for worker in workers { worker.link.connection?.reset() }
        case .wrongType: spoil()
        case .pause: pause()
        case .workerCrash, .workerPause, .shortPause, .hold, .resize, .quiet, .stop, .retire, .supervisorGone:
            guard !host.workers.isEmpty else { return }
            happen(fault, to: world.chance.one(of: host.workers))
        }
    }

    private func happen(_ fault: Fault, to worker: SimulatedWorker) {
        switch fault {
        case .workerCrash: worker.crash()
        case .workerPause:
            let seconds = world.chance.between(0.5, 5) * Heartbeat.leaseSeconds
            if world.chance.happens(0.5) {
                worker.link.pausesAtFetch = seconds
            } else {
                worker.pause(forSeconds: seconds)
            }
        case .shortPause: worker.pause(forSeconds: world.chance.scale(0.01, 10))
        case .resize: worker.limit(to: world.chance.integer(1...world.plan.slots))
        case .hold: worker.hold(forSeconds: world.chance.scale(0.01, 30))
        case .quiet:
            // Whoever quiets a worker stops it in the end.
            worker.quiet()
            world.after(world.chance.scale(0.1, 20)) { [weak worker] in worker?.stop(withinSeconds: 5) }
        case .stop:
            worker.stop(withinSeconds: world.chance.one(of: [0, 1, 5, 25]))
            if world.chance.happens(0.3) {
                world.after(world.chance.scale(0.01, 5)) { [weak worker] in worker?.stop(withinSeconds: 0) }
            }
        case .retire: worker.stop(withinSeconds: .infinity)
        case .supervisorGone: worker.stop(withinSeconds: 0)
        default: break
        }
    }

    private func pauseScheduler(of host: Host) {
        guard world.chance.happens(0.5) else {
            if host.isUp { host.scheduler.stop(forSeconds: world.chance.scale(0.5, 60), atRescue: false) }
            return
        }
        // Of all hosts, between finding a lease over and rescuing, while its holder comes back.
        for host in world.hosts where host.isUp {
            host.scheduler.stop(forSeconds: world.chance.between(2, 30), atRescue: true)
        }
        guard let worker = host.workers.first else { return }
        worker.pause(forSeconds: world.chance.between(1, 1.5) * Heartbeat.leaseSeconds)
    }

    /// An operator stops the service, and may lose patience.
    private func stop(_ host: Host) {
        host.stopService(withinSeconds: world.chance.one(of: [0, 1, 5, 25]))
        guard world.chance.happens(0.3) else { return }
        world.after(world.chance.scale(0.01, 5)) { [weak host] in
            if host?.isStopping == true { host?.stopService(withinSeconds: 0) }
        }
    }

    // MARK: Redis

    private func freeze() {
        excuseAll()
        world.server.frozenUntil = max(world.server.frozenUntil, world.now + nanoseconds(0.1, 30))
    }

    /// It comes back with all it had acknowledged.
    private func restart() {
        let server = world.server
        guard !server.isDown else { return }
        excuseAll()
        server.isDown = true
        server.life += 1
        for worker in workers { worker.link.connection?.reset() }
        world.after(world.chance.scale(0.1, 20)) { server.isDown = false }
    }

    /// Memory is full for some seconds: nothing can be pushed, all else goes on.
    private func fill() {
        let store = world.store
        store.isFull = true
        world.after(world.chance.scale(0.1, 20)) { store.isFull = false }
    }

    /// The machine of Redis crashes, and the last second was not on its disk yet (appendfsync everysec).
    private func forget() {
        let (server, image) = (world.server, world.store.copy())
        guard !server.isDown else { return }
        world.after(world.chance.scale(0.001, 1)) { [self] in
            // Another fault was quicker, or Redis is another by now.
            guard world.isFaulty, server === world.server, !server.isDown, server.store.isAncestor(of: image) else {
                return
            }
            world.note("Redis forgets")
            restart()
            world.goBack(to: image)
        }
    }

    /// The master is lost, or only cut off from those who decide; a replica that lags is the next, on a machine whose clock
    /// is its own.
    private func failOver() {
        let (old, image) = (world.server, world.store.copy())
        guard !old.isDown, world.deposed == nil else { return }
        world.after(world.chance.scale(0.001, 10)) { [self] in
            guard world.isFaulty, old === world.server, !old.isDown, old.store.isAncestor(of: image) else { return }
            world.note("a replica is promoted")
            excuseAll()
            image.clockOffset += Int64(world.chance.between(-3, 3) * 1e6)
            let new = World.Server(image)
            new.isDown = true
            world.replace(new)
            world.after(world.chance.scale(0.1, 10)) { new.isDown = false }
            // Whoever is connected to the old one may stay so for a while, and be served.
            world.after(world.chance.happens(0.5) ? 0 : world.chance.scale(0.1, 10)) { [self] in depose(old) }
        }
    }

    private func depose(_ old: World.Server) {
        excuseAll()
        old.life += 1
        old.isDown = true
        world.deposed = nil
        for worker in workers where worker.link.connection?.server === old { worker.link.connection?.reset() }
    }

    private func refuse() {
        excuseAll()
        world.server.refusesUntil = world.now + nanoseconds(0.1, 15)
        let end = world.server.refusesUntil
        world.at(end) { [self] in excuseAll() }
    }

    /// Somebody gives a key another type for some seconds.
    private func spoil() {
        let queue = Store.Place.queue(Workload.queues[world.chance.integer(0...world.plan.queues - 1)])
        let place = world.chance.one(of: [.retry, .schedule, .dead, queue])
        excuseAll()
        world.store.spoiled.insert(place)
        world.after(world.chance.scale(0.1, 20)) { [self] in
            excuseAll()
            world.store.spoiled.remove(place)
            world.deposed?.store.spoiled.remove(place)
        }
    }

    /// Somebody pauses a queue for some seconds.
    private func pause() {
        let queue = Workload.queues[world.chance.integer(0...world.plan.queues - 1)]
        world.store.paused.insert(queue)
        world.after(world.chance.scale(0.1, 20)) { [self] in
            world.store.paused.remove(queue)
            world.deposed?.store.paused.remove(queue)
        }
    }

    /// Gives a set another type when all else is well again, long enough for every other thing to come to rest.
    ///
    /// - Returns: seconds from now to when it is over.
    func spoilForLong() -> Double {
        let place = world.chance.one(of: [Store.Place.retry, .schedule])
        let store = world.store
        world.after(25) { [self] in
            excuseAll()
            store.spoiled.insert(place)
        }
        world.after(110) { [self] in
            excuseAll()
            world.ledger.checkOrphans()
            store.spoiled.remove(place)
        }
        return 110
    }

    private func excuseAll() { for worker in workers { worker.noteFault() } }

    private var workers: [SimulatedWorker] { world.hosts.flatMap(\.workers) }

    private func nanoseconds(_ low: Double, _ high: Double) -> Int64 { Int64(world.chance.scale(low, high) * 1e9) }
}
