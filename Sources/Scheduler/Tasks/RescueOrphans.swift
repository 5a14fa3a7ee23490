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
            try rescue(lease.identity, because: "its lease is over", force: false, desk, redis)
        }
        // An identity begins with its host's name: whoever is elsewhere need not be asked about.
        let nearby = leases.filter { $0.identity.hasPrefix("\(ProcessIdentity.hostName):") }
        for lease in nearby {
            let origin = try ProcessOrigin.read(redis.call(ProcessOrigin.command(identity: lease.identity)))
            if let origin, isGone(origin) {
                try rescue(lease.identity, because: "its process is gone", force: true, desk, redis)
            }
        }
    }

    /// What the supervisor said: it has reaped these processes, so no lease needs to be waited for.
    static func rescueDeclared(_ desk: SchedulerDesk, _ redis: RedisConnection) throws(RedisError) {
        while let identity = desk.dead.first {
            try rescue(identity, because: "its process died", force: true, desk, redis)
            desk.dead.removeFirst()
        }
    }

    /// True only if it can be known: the same boot, the same pid namespace, and no process with that pid and start.
    static func isGone(_ origin: ProcessOrigin) -> Bool {
        origin.boot == ProcessIdentity.bootID && origin.pidNamespace == String(ProcessIdentity.pidNamespace)
            && !origin.boot.isEmpty && ProcessIdentity.startTime(of: origin.pid) != origin.startTime
    }

    private static func rescue(
        _ identity: String, because reason: String, force: Bool, _ desk: SchedulerDesk, _ redis: RedisConnection
    ) throws(RedisError) {
        let answer = try Rescue.answer(redis.call(Rescue.command(identity: identity, force: force)))
        guard !answer.isAlive else { return }
        let count = answer.returned.values.reduce(0, +)
        // A process that settled all it held can be declared dead, too.
        desk.log.log(
            level: count > 0 ? .notice : .debug,
            "rescued \(count) jobs of a process that is gone",
            metadata: ["identity": "\(identity)", "reason": "\(reason)"])
        for (queue, refusal) in answer.troubled.sorted(by: { $0.key < $1.key }) {
            desk.log.error(
                "jobs of a dead process cannot go back to their queue; they stay reserved, and it is tried again",
                metadata: ["queue": "\(queue.text)", "reason": "\(refusal.message)"])
        }
    }
}
