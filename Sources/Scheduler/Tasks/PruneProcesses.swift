import Logging
import Queueing
import Redis

/// Takes processes whose record has expired out of the list that the dashboard reads.
enum PruneProcesses {
    static func runOnce(_ desk: SchedulerDesk, _ redis: RedisConnection) throws(RedisError) {
        try desk.attempt("take vanished processes out of their list") { () throws(RedisError) in
            let count = try VanishedProcesses.prune(redis)
            if count > 0 { desk.log.info("\(count) processes that are gone are no longer listed") }
        }
    }
}
