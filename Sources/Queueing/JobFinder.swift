package import JobModel
package import Redis

/// Finds single jobs, by their key without a search, or by their jid with one that transfers nothing else.
package struct JobFinder {
    package enum Found: Sendable {
        case waiting(JobEntry)
        case held(HeldJob)
    }

    /// So often a job has to be found nowhere before that is believed: it may have moved on while others were looked at.
    private static let rounds = 2

    private let queues: [QueueName]
    private let redis: RedisConnection
    /// Places that could not be looked into, and why.
    package private(set) var troubles: [JobPlace: RedisRefusal] = [:]

    /// - Parameter queues: looked through beside those that Redis lists.
    package init(queues: [QueueName] = [], over redis: RedisConnection) {
        self.queues = queues
        self.redis = redis
    }

    /// The job of each name, in their order; nil for those that are nowhere. Of several jobs with one jid the one that is met
    /// first: that in the schedule, then the retry set, queues, processes, the dead set.
    ///
    /// - Parameter names: jids, or keys as `JobKey` writes them.
    package mutating func find(_ names: [String]) throws(RedisError) -> [(name: String, found: Found?)] {
        var found: [String: Found] = [:]
        for name in names {
            if let key = JobKey(name), let entry = try entry(key) { found[name] = .waiting(entry) }
        }
        for _ in 0..<Self.rounds {
            let missing = Set(names.filter { found[$0] == nil })
            if missing.isEmpty { break }
            found.merge(try search(missing)) { first, _ in first }
        }
        return names.map { ($0, found[$0]) }
    }

    /// Where a score and a jid are one entry.
    private mutating func entry(_ key: JobKey) throws(RedisError) -> JobEntry? {
        for place in [JobPlace.schedule, .retry, .dead] {
            let score = String(key.score)
            do throws(RedisError) {
                let reply = try redis.call(RedisCommand(["ZRANGEBYSCORE", place.key, score, score])).accepted()
                for payload in reply.elements ?? [] {
                    let entry = JobEntry(place: place, payload: payload.bytes ?? [], score: key.score)
                    if entry.jid.utf8.elementsEqual(key.jid.utf8) { return entry }
                }
            } catch {
                try passOver(error, at: place)
            }
        }
        return nil
    }

    private mutating func search(_ jids: Set<String>) throws(RedisError) -> [String: Found] {
        var found: [String: Found] = [:]
        for place in try JobPlace.waiting(redis, and: queues) {
            try look(for: jids, in: place, &found)
        }
        for job in try HeldJob.all(redis) where jids.contains(job.jid) && found[job.jid] == nil {
            found[job.jid] = .held(job)
        }
        try look(for: jids, in: .dead, &found)
        return found
    }

    private mutating func look(
        for jids: Set<String>, in place: JobPlace, _ found: inout [String: Found]
    ) throws(RedisError) {
        // A queue is looked through once for all of them; Redis itself looks through a set for one text at a time.
        let open = jids.filter { found[$0] == nil }.sorted()
        let portions = place.isList ? (open.isEmpty ? [] : [open]) : open.map { [$0] }
        do throws(RedisError) {
            for portion in portions {
                var wanted = Set(portion)
                var scan = JobScan(place, words: portion.map(JobFilter.inJSON), over: redis)
                while !wanted.isEmpty, let entries = try scan.next() {
                    for entry in entries where wanted.remove(entry.jid) != nil { found[entry.jid] = .waiting(entry) }
                }
            }
        } catch {
            try passOver(error, at: place)
        }
    }

    /// A key of another type, or one that may not be touched, concerns that place alone.
    private mutating func passOver(_ error: RedisError, at place: JobPlace) throws(RedisError) {
        guard case .refused(let refusal) = error, refusal.meaning == .command else { throw error }
        troubles[place] = refusal
    }
}
