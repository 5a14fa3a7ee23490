import Logging
import Redis

/// Looks again and again at what was found good when connecting: whoever changes the server does not ask us.
enum InspectServer {
    static func runOnce(_ desk: SchedulerDesk, _ redis: RedisConnection) throws(RedisError) {
        let facts: ServerFacts
        do throws(RedisError) {
            facts = try ServerFacts.read(redis)
        } catch {
            // A user who may not ask is no trouble for the jobs.
            guard case .refused(let refusal) = error, refusal.meaning == .barred else { throw error }
            return
        }
        if let objection = facts.objection(allowEviction: false) {
            desk.complain(
                of: "the server", "this Redis is no longer fit for jobs; it goes on as long as it can", objection)
        } else if desk.settle("the server") {
            desk.log.notice("this Redis is fit for jobs again")
        }
    }
}
