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
        case .connectionResets: for worker in workers { worker.link.connection?.reset() }
        case .wrongType: spoil()
        case .workerCrash, .workerPause, .shortPause, .quiet, .stop, .retire, .supervisorGone:
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
        let store = world.store
        excuseAll()
        store.spoiled.insert(place)
        world.after(world.chance.scale(0.1, 20)) { [self] in
            excuseAll()
            store.spoiled.remove(place)
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
