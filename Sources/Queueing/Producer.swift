package import JobModel
package import Redis

/// Puts new jobs into their queues, or into the schedule.
package enum Producer {
    /// Commands that go to Redis together.
    package struct Batch: Sendable {
        package private(set) var commands: [RedisCommand] = []
        // Of each command: which jobs it carries, and where to.
        private var loads: [(place: String, jids: [String])] = []

        fileprivate mutating func append(_ command: RedisCommand, to place: String, carrying jids: [String]) {
            commands.append(command)
            loads.append((place, jids))
        }

        package func outcome(_ replies: [RedisReply]) -> Outcome {
            var outcome = Outcome()
            for (load, reply) in zip(loads, replies) {
                if let refusal = reply.refusal {
                    outcome.refused.append(Refused(place: load.place, jobs: load.jids.count, refusal: refusal))
                } else {
                    outcome.jids += load.jids
                }
            }
            return outcome
        }
    }

    package struct Refused: Equatable, Sendable {
        /// The key.
        package var place: String
        /// 0 where only the name of a queue could not be listed: its jobs are pushed.
        package var jobs: Int
        package var refusal: RedisRefusal
    }

    package struct Outcome: Equatable, Sendable {
        /// What is pushed, by queue.
        package var jids: [String] = []
        package var refused: [Refused] = []

        package var pushed: Int { jids.count }

        package init() {}
    }

    /// At most so many jobs, and about so many bytes, go into one pipeline.
    private static let mostJobs = 1000
    private static let mostBytes = 16 << 20

    /// Jobs of one queue keep their order, so they are fetched in it.
    package static func batches(_ jobs: [JobDraft.Prepared]) -> [Batch] {
        var batches: [Batch] = []
        var part: [JobDraft.Prepared] = []
        var size = 0
        for job in jobs {
            if part.count == mostJobs || size + job.payload.count > mostBytes, !part.isEmpty {
                batches.append(batch(part))
                part = []
                size = 0
            }
            part.append(job)
            size += job.payload.count
        }
        if !part.isEmpty { batches.append(batch(part)) }
        return batches
    }

    private static func batch(_ jobs: [JobDraft.Prepared]) -> Batch {
        var schedule = RedisCommand(["ZADD", Keys.schedule])
        var scheduled: [String] = []
        var queues: [QueueName] = []
        var loads: [QueueName: [JobDraft.Prepared]] = [:]
        for job in jobs {
            if let at = job.at {
                schedule.add(Score.text(at))
                schedule.add(job.payload)
                scheduled.append(job.jid)
            } else {
                if loads[job.queue] == nil { queues.append(job.queue) }
                loads[job.queue, default: []].append(job)
            }
        }
        var batch = Batch()
        if !queues.isEmpty {
            batch.append(RedisCommand(["SADD", Keys.queues] + queues.map(\.text)), to: Keys.queues, carrying: [])
        }
        for queue in queues {
            // Every queue in the list has jobs.
            let jobs = loads[queue] ?? []
            var push = RedisCommand(["LPUSH", Keys.queue(queue)])
            for job in jobs { push.add(job.payload) }
            batch.append(push, to: Keys.queue(queue), carrying: jobs.map(\.jid))
        }
        if !scheduled.isEmpty { batch.append(schedule, to: Keys.schedule, carrying: scheduled) }
        return batch
    }

    /// Pushes over a blocking connection.
    ///
    /// - Throws: if the connection failed: batches before are pushed, the one under way may be.
    package static func push(
        _ jobs: [JobDraft.Prepared], over connection: RedisConnection
    ) throws(RedisError) -> Outcome {
        var total = Outcome()
        for batch in batches(jobs) {
            let outcome = batch.outcome(try connection.pipeline(batch.commands))
            total.jids += outcome.jids
            total.refused += outcome.refused
        }
        return total
    }
}
