import Logging
import Queueing
import Redis

/// Moves jobs of the retry set and the schedule whose time has come to their queues.
enum PromoteDueJobs {
    /// Batches of each set in one run; then the other tasks have their turn.
    private static let batches = 50
    /// Jobs that are due one after the other are moved together with those of the next moment.
    private static let shortestPause = 0.02

    /// - Returns: seconds until the next job is due, as far as is known now; nil if none is.
    static func runOnce(_ desk: SchedulerDesk, _ redis: RedisConnection) throws(RedisError) -> Double? {
        let upcoming = try DueJobs.upcoming(redis.call(DueJobs.upcomingCommand))
        var next: Double?
        for source in DueJobs.Source.allCases {
            switch upcoming[source] {
            case .nothing, nil: continue
            case .seconds(let wait) where wait > 0: next = min(next ?? .infinity, max(wait, shortestPause))
            case .seconds, .refused:
                // What was refused is asked for once more on its own: its refusal is dealt with, the other set not concerned.
                try desk.attempt("promote from \(source.rawValue)") { () throws(RedisError) in
                    if let pause = try promote(source, desk, redis) { next = min(next ?? pause, pause) }
                }
            }
        }
        return next
    }

    /// - Returns: seconds after which more may be due; nil if there was nothing.
    private static func promote(
        _ source: DueJobs.Source, _ desk: SchedulerDesk, _ redis: RedisConnection
    ) throws(RedisError) -> Double? {
        for batch in 0..<batches {
            let due = try DueJobs.due(redis.call(DueJobs.dueCommand(source)))
            guard !due.members.isEmpty else { return batch == 0 ? nil : shortestPause }
            let share = due.share
            let promote = DueJobs.promoteCommand(
                share, from: source, as: desk.sidekiq, deadLimits: desk.deadLimits, limits: desk.payloadLimits)
            let answer = try DueJobs.answer(redis.call(promote))
            report(answer, from: source, desk.log)
            if due.members.count < DueJobs.most, share.members.count == due.members.count { return shortestPause }
        }
        return 0
    }

    private static func report(_ answer: DueJobs.Answer, from source: DueJobs.Source, _ log: Logger) {
        if answer.promoted > 0 {
            log.debug("promoted \(answer.promoted) jobs", metadata: ["from": "\(source.rawValue)"])
        }
        if answer.buried > 0 {
            log.error(
                "\(answer.buried) members that are no jobs went to the dead set as they are",
                metadata: ["from": "\(source.rawValue)"])
        }
        for (key, refusal) in answer.troubled.sorted(by: { $0.key < $1.key }) {
            log.error(
                "due jobs cannot go to their place; trying again in a minute",
                metadata: ["key": "\(key)", "reason": "\(refusal.message)"])
        }
    }
}
