package import JobModel
package import Redis

/// Children that a running job has enqueued before its end, and how far the job has come with that: one step in Redis.
///
/// May be sent again if its answer was lost: the payload that the job has in Redis says whether it was carried out.
package struct Chunk: Sendable {
    /// The reservation of the job.
    package let id: ReservationID
    /// The job's payload with the chunks before this one.
    package let before: [UInt8]
    /// The job's payload with this chunk; never the same as before.
    package let after: [UInt8]
    /// In the order in which they are pushed.
    package let children: [JobDraft.Prepared]

    package init(id: ReservationID, before: [UInt8], after: [UInt8], children: [JobDraft.Prepared]) {
        precondition(before != after, "a chunk shows in the payload of its job")
        self.id = id
        self.before = before
        self.after = after
        self.children = children
    }

    package enum Answer: Equatable, Sendable {
        /// It is carried out: by this call, or an earlier one whose answer was lost.
        case pushed
        /// The job is not reserved here, or another Redis has taken over that knows less: nothing was written.
        case gone
        /// A queue holds so many jobs that no more are wanted for now: nothing was written.
        case deep(QueueName, jobs: Int)
        /// Redis could not write it, and has not.
        case blocked(RedisRefusal)
    }

    /// - Parameter deepest: children wait while their queue holds so many jobs; 0 for no limit.
    package func command(identity: String, deepest: Int) -> RedisCommand {
        var command = RedisCommand(
            running: Scripts.chunk, keys: [Keys.reservations(identity), Keys.schedule, Keys.queues])
        command.add(id)
        command.add(before)
        command.add(after)
        command.add(Keys.queuePrefix)
        command.add(deepest)
        let lists = lists
        command.add(lists.count)
        for (queue, payloads) in lists {
            command.add(queue.text)
            command.add(payloads.count)
            for payload in payloads { command.add(payload) }
        }
        let scheduled = children.filter { $0.at != nil }
        command.add(scheduled.count)
        for child in scheduled {
            command.add(child.at.map(Score.text) ?? "")
            command.add(child.payload)
        }
        return command
    }

    /// What is pushed at once, by queue, the queues in the order in which they are first named.
    package var lists: [(queue: QueueName, payloads: [[UInt8]])] {
        var lists: [(queue: QueueName, payloads: [[UInt8]])] = []
        var places: [QueueName: Int] = [:]
        for child in children where child.at == nil {
            if let place = places[child.queue] {
                lists[place].payloads.append(child.payload)
            } else {
                places[child.queue] = lists.count
                lists.append((child.queue, [child.payload]))
            }
        }
        return lists
    }

    /// - Throws: `refused` if the server serves nobody for now.
    package static func answer(_ reply: RedisReply) throws(RedisError) -> Answer {
        // About this command and its keys, such as WRONGTYPE of our own reservations, or a right that is missing: all else
        // goes on. Should we be barred from more than this, other commands find out.
        if let refusal = reply.refusal, refusal.meaning == .command || refusal.meaning == .barred {
            return .blocked(refusal)
        }
        guard let parts = try reply.accepted().elements, let what = parts.first?.text else {
            throw .unreadable("chunk")
        }
        switch what {
        case "pushed", "known": return .pushed
        case "gone": return .gone
        case "deep" where parts.count == 3:
            guard let queue = parts[1].text, let jobs = parts[2].integer else { throw .unreadable("chunk") }
            return .deep(QueueName(trusted: queue), jobs: jobs)
        case "blocked" where parts.count == 2: return .blocked(RedisRefusal(reply: parts[1].text ?? ""))
        default: throw .unreadable("chunk")
        }
    }
}
