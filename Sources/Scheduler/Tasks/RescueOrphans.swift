import JobModel
import Logging
import Platform
import Queueing
import Redis

/// Gives back what vanished processes held: those the supervisor declares dead, those of this boot that are no longer
/// there, and those whose lease is over.
enum RescueOrphans {
    static func runOnce(_ desk: SchedulerDesk, _ redis: RedisConnection) throws(RedisError) {
        try rescueDeclared(desk, redis)
        let leases = try Rescue.leases(redis.pipeline(Rescue.listCommands))
        let judgesLeases = MonotonicTime.now() >= desk.judgesLeasesFrom
        for lease in leases where lease.isOver && judgesLeases {
            try attempt(lease.identity, desk) { () throws(RedisError) in
                try rescue(
                    lease.identity, because: "its lease is over", force: false,
                    deathsOfLost(lease.identity, desk, redis), desk, redis)
            }
        }
        // An identity begins with its host's name: whoever is elsewhere need not be asked about.
        let nearby = leases.map(\.identity).filter { $0.hasPrefix("\(ProcessIdentity.hostName):") }
        let origins = try redis.pipeline(nearby.map(ProcessOrigin.command))
        for (identity, reply) in zip(nearby, origins) {
            try attempt(identity, desk) { () throws(RedisError) in
                guard let origin = try ProcessOrigin.read(reply), isGone(origin) else { return }
                let deaths = try DeathCount.ofVanished(
                    identity, lastDeath: "worker gone together with its supervisor", desk, redis)
                try rescue(identity, because: "its process is gone", force: true, deaths, desk, redis)
            }
        }
    }

    /// What the supervisor said: it has reaped these processes, so no lease needs to be waited for.
    static func rescueDeclared(_ desk: SchedulerDesk, _ redis: RedisConnection) throws(RedisError) {
        for (identity, death) in desk.dead {
            try attempt(identity, desk) { () throws(RedisError) in
                var deaths: DeathCount.Deaths = [:]
                if let death { deaths = try DeathCount.of(identity, death, desk, redis) }
                try rescue(identity, because: "its process died", force: true, deaths, desk, redis)
                desk.dead.removeAll { $0.identity == identity }
            }
        }
    }

    /// True only if it can be known: the same boot, the same pid namespace, and no process with that pid and start.
    static func isGone(_ origin: ProcessOrigin) -> Bool {
        isHere(origin)
            && ProcessIdentity.isGone(origin.pid, startTime: origin.startTime, supervisor: origin.supervisor)
    }

    private static func isHere(_ origin: ProcessOrigin) -> Bool {
        origin.boot == ProcessIdentity.bootID && origin.pidNamespace == String(ProcessIdentity.pidNamespace)
            && !origin.boot.isEmpty
    }

    /// A lease that is over says that a process was cut off, perhaps because its host is gone: one that is seen to live was
    /// stopped for a while, and died of nothing.
    private static func deathsOfLost(
        _ identity: String, _ desk: SchedulerDesk, _ redis: RedisConnection
    ) throws(RedisError) -> DeathCount.Deaths {
        let origin = try ProcessOrigin.read(redis.call(ProcessOrigin.command(identity: identity)))
        if let origin, isHere(origin), !isGone(origin) { return [:] }
        return try DeathCount.ofVanished(identity, lastDeath: "worker gone, its lease ran out", desk, redis)
    }

    /// One that cannot be rescued, since its keys are of another type, must not keep others from it.
    private static func attempt(
        _ identity: String, _ desk: SchedulerDesk, _ rescue: () throws(RedisError) -> Void
    ) throws(RedisError) {
        try desk.attempt("rescue the jobs of \(identity)", rescue)
    }

    private static func rescue(
        _ identity: String, because reason: String, force: Bool, _ deaths: DeathCount.Deaths, _ desk: SchedulerDesk,
        _ redis: RedisConnection
    ) throws(RedisError) {
        let command = Rescue.command(
            identity: identity, force: force, deaths: deaths, deadLimits: desk.deadLimits)
        let answer = try Rescue.answer(redis.call(command))
        guard !answer.isAlive else { return }
        let count = answer.returned.values.reduce(0, +)
        // A process that settled all it held can be declared dead, too.
        desk.log.log(
            level: count > 0 ? .notice : .debug,
            "rescued \(count) jobs of a process that is gone",
            metadata: ["identity": "\(identity)", "reason": "\(reason)"])
        for id in answer.poisoned {
            desk.log.error(
                "poison: workers that ran this job died too often; it goes to the dead set",
                metadata: ["id": "\(id)", "jid": "\(deaths[id]?.jid ?? "-")"])
        }
        for (queue, refusal) in answer.troubled.sorted(by: { $0.key < $1.key }) {
            desk.complain(
                of: "queue \(queue.text)",
                "jobs of a dead process cannot go back to queue \(queue.text); they stay reserved, and it is tried again",
                refusal.message)
        }
    }
}
