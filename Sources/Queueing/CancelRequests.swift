package import JobModel
package import Redis

/// Requests to cancel jobs, in Redis: one hash for all workers of all hosts, and one with what became of them.
package enum CancelRequests {
    /// A request stands until its job is settled, and for this long if there is none. Longer than a dead process's jobs need
    /// to come back, and short enough that nobody wonders a day later.
    package static let standSeconds = 3600
    /// At most so many jobs in one request: workers read all that stand, every second.
    package static let most = 1000

    /// For workers.
    package static var listCommand: RedisCommand { RedisCommand(["HGETALL", Keys.cancel]) }

    /// By jid; nobody in particular asked for what another program has written.
    package static func list(_ reply: RedisReply) throws(RedisError) -> [String: Cancellation] {
        var list: [String: Cancellation] = [:]
        for (jid, value) in try reply.accepted().pairs ?? [] {
            guard let jid = jid.text else { continue }
            let words = (value.text ?? "").split(separator: " ", maxSplits: 1)
            list[jid] = Cancellation(by: words.count > 1 ? String(words[1]) : "")
        }
        return list
    }

    /// - Parameter jids: 1 to `most`.
    package static func askCommand(_ jids: [String], _ cancellation: Cancellation) -> RedisCommand {
        var command = RedisCommand(running: Scripts.request, keys: [Keys.cancel, Keys.cancelAnswers])
        command.add(standSeconds)
        command.add(cancellation.by)
        for jid in jids { command.add(jid) }
        return command
    }

    /// Nobody need do it any more. For at least one.
    package static func withdrawCommand(_ jids: [String]) -> RedisCommand {
        RedisCommand(["HDEL", Keys.cancel] + jids)
    }

    /// Whoever asked has read the answers, at least one.
    package static func forgetCommand(_ jids: [String]) -> RedisCommand {
        RedisCommand(["HDEL", Keys.cancelAnswers] + jids)
    }

    /// What became of a request.
    package struct Answer: Equatable, Sendable {
        package let became: SettledRequest.Became
        /// The process that held the job.
        package let identity: String
    }

    /// To be sent for some jids, at least one; `answers` reads the reply.
    package static func answersCommand(_ jids: [String]) -> RedisCommand {
        RedisCommand(["HMGET", Keys.cancelAnswers] + jids)
    }

    package static func answers(_ reply: RedisReply, to jids: [String]) throws(RedisError) -> [String: Answer] {
        guard let values = try reply.accepted().elements, values.count == jids.count else {
            throw .unreadable("HMGET")
        }
        var found: [String: Answer] = [:]
        for (jid, value) in zip(jids, values) {
            let words = (value.text ?? "").split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2, let became = SettledRequest.Became(rawValue: words[0]) else { continue }
            found[jid] = Answer(became: became, identity: words[1])
        }
        return found
    }

    /// Moves a job that waits to the dead set, or drops it, if it is still there: 1 then, else 0.
    ///
    /// - Parameter buried: nil to drop it.
    static func moveCommand(
        _ payload: [UInt8], jid: String, from place: JobPlace, buried: [UInt8]?, _ limits: DeadLimits
    ) -> RedisCommand {
        var command = RedisCommand(running: Scripts.cancel, keys: [place.key, Keys.dead, Keys.cancel])
        command.add(place.isList ? "list" : "zset")
        command.add(max(0, limits.jobs))
        command.add(max(0, limits.seconds))
        command.add(jid)
        command.add(payload)
        command.add(buried ?? [])
        return command
    }
}
