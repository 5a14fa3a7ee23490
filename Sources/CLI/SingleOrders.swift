import ArgumentParser
import Configuration
import JobModel
import Queueing
import Redis

/// One order for some jobs that are named, wherever they are.
struct SingleOrders {
    private let order: JobOrder
    private let done: String
    private let queues: [QueueName]
    private let limits: DeadLimits
    private let major: SidekiqMajor
    private let redis: RedisConnection

    /// - Parameter done: what a job then is: "deleted".
    init(_ order: JobOrder, done: String, _ settings: Settings, _ redis: RedisConnection) {
        self.order = order
        self.done = done
        queues = settings.allQueues
        limits = DeadLimits(jobs: settings.deadMaximumJobs, seconds: Int(settings.deadTimeout))
        major = settings.sidekiq
        self.redis = redis
    }

    /// Tells of each, and ends with 65 if something could not be done.
    func run(_ names: [String], asJSON: Bool) throws {
        var unique: [String] = []
        for name in names where !unique.contains(name) { unique.append(name) }
        var finder = JobFinder(queues: queues, over: redis)
        let answers = try finder.find(unique).map { name, found in (name, found, try carryOut(found)) }
        if asJSON {
            var lines = ObjectLines("jobs")
            for (name, found, answer) in answers { lines.add(Self.text(name, found, answer)) }
            lines.finish()
        } else {
            for (name, found, answer) in answers { Output.line("\(name): \(words(answer, found))") }
        }
        for (place, refusal) in finder.troubles {
            Output.error("martlet: could not look into \(place): \(refusal.message)")
        }
        if answers.contains(where: { $0.2.result != done }) { throw Exit.badData }
    }

    private struct Answer {
        /// `done`, or "not_found", "running", "gone", "left".
        let result: String
        var reason: String?
    }

    private func carryOut(_ found: JobFinder.Found?) throws(RedisError) -> Answer {
        switch found {
        case nil: return Answer(result: "not_found")
        case .held: return Answer(result: "running")
        case .waiting(let entry):
            let now = try RedisClock.now(redis)
            switch order.plan(entry, now: now, as: major) {
            case .failure(let refused): return Answer(result: "left", reason: refused.objection.words)
            case .success(let move):
                let transfer = JobTransfer(from: entry.place, to: order.target, deadLimits: limits)
                switch try transfer.carryOut([move], over: redis)[0] {
                case .done: return Answer(result: done)
                case .gone: return Answer(result: "gone")
                case .refused(let refusal): return Answer(result: "left", reason: refusal.message)
                }
            }
        }
    }

    private func words(_ answer: Answer, _ found: JobFinder.Found?) -> String {
        switch (answer.result, found) {
        case ("not_found", _): "not found: it was done or dropped, or there never was such a job"
        case ("running", .held(let job)?):
            "not \(done): it is running in \(job.identity); `martlet jobs cancel \(job.jid)` ends it"
        case ("gone", _): "not \(done): it has just moved on; try again"
        case ("left", _): "not \(done): \(answer.reason ?? "")"
        case (_, .waiting(let entry)?): "\(done), from the \(entry.place.title)"
        default: answer.result
        }
    }

    private static func text(_ name: String, _ found: JobFinder.Found?, _ answer: Answer) -> ObjectText {
        var text = ObjectText()
        text.add("name", text: name)
        text.add("result", text: answer.result)
        switch found {
        case .waiting(let entry)?:
            text.add("where", text: entry.place.kind)
            if !entry.jid.isEmpty { text.add("jid", text: entry.jid) }
            if let queue = entry.queue { text.add("queue", text: queue) }
        case .held(let job)?:
            text.add("where", text: "running")
            text.add("jid", text: job.jid)
            text.add("process", text: job.identity)
        case nil: break
        }
        if let reason = answer.reason { text.add("reason", text: reason) }
        return text
    }
}
