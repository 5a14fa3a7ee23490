package import JobModel
package import Redis

/// Moves jobs whose time has come from the sorted sets to their queues, in two steps.
///
/// The first reads, the second moves; in between the payload gets its `enqueued_at`, which no script could add without
/// harming the rest. A crash between the steps changes nothing, and of two processes that read the same job one moves it.
package enum DueJobs {
    package enum Source: String, CaseIterable, Sendable {
        case retry
        case schedule

        var key: String {
            switch self {
            case .retry: Keys.retry
            case .schedule: Keys.schedule
            }
        }
    }

    /// Why 100: a batch holds Redis for a fraction of a millisecond.
    package static let most = 100

    /// About so many bytes are moved at a time: members may be large, and each travels twice.
    static let mostBytes = 16 << 20

    package struct Due: Equatable, Sendable {
        /// Redis' clock.
        package var now: Timestamp
        package var members: [[UInt8]]
        /// When each was due, in seconds since the epoch; of those beyond the end nothing is known.
        package var scores: [Double]

        package init(now: Timestamp, members: [[UInt8]], scores: [Double] = []) {
            self.now = now
            self.members = members
            self.scores = scores
        }

        /// When a member was scheduled for, if that is known: a retry was not.
        package func scheduled(_ index: Int, in source: Source) -> Double? {
            source == .schedule && scores.indices.contains(index) ? scores[index] : nil
        }

        /// Those, from the first, that are moved in one step; at least one, if there is one.
        package var share: Due {
            var bytes = 0
            let end = members.firstIndex { member in
                bytes += member.count
                return bytes > mostBytes
            }
            let share = end.map { max($0, 1) } ?? members.count
            return Due(now: now, members: Array(members.prefix(share)), scores: Array(scores.prefix(share)))
        }
    }

    package struct Answer: Equatable, Sendable {
        package var promoted: Int
        /// Members that are no jobs; they lie in the dead set.
        package var buried: Int
        /// Put off by a minute, because the key they go to is of another type.
        package var troubled: [String: RedisRefusal]

        package init(promoted: Int = 0, buried: Int = 0, troubled: [String: RedisRefusal] = [:]) {
            self.promoted = promoted
            self.buried = buried
            self.troubled = troubled
        }
    }

    /// When something will be due, of each source.
    package enum Upcoming: Equatable, Sendable {
        /// In so many seconds, 0 for now; an hour stands for longer times.
        case seconds(Double)
        case nothing
        case refused(RedisRefusal)
    }

    /// Asks for both sources at once: a scheduler does so all the time, and most of the time nothing is due.
    package static var upcomingCommand: RedisCommand {
        RedisCommand(running: Scripts.upcoming, keys: Source.allCases.map(\.key))
    }

    package static func upcoming(_ reply: RedisReply) throws(RedisError) -> [Source: Upcoming] {
        guard let waits = try reply.accepted().elements, waits.count == Source.allCases.count else {
            throw .unreadable("upcoming")
        }
        var found: [Source: Upcoming] = [:]
        for (source, wait) in zip(Source.allCases, waits) {
            if case .integer(let milliseconds) = wait {
                found[source] = milliseconds < 0 ? .nothing : .seconds(Double(milliseconds) / 1000)
            } else {
                found[source] = .refused(RedisRefusal(reply: wait.text ?? ""))
            }
        }
        return found
    }

    package static func dueCommand(_ source: Source, limit: Int = most) -> RedisCommand {
        var command = RedisCommand(running: Scripts.due, keys: [source.key])
        command.add(limit)
        return command
    }

    package static func due(_ reply: RedisReply) throws(RedisError) -> Due {
        guard let parts = try reply.accepted().elements, parts.count == 2, let now = parts[0].integer,
            let entries = parts[1].pairs
        else { throw .unreadable("due") }
        let members = entries.compactMap { entry in
            entry.name.bytes.map { (bytes: $0, score: entry.value.number ?? 0) }
        }
        return Due(
            now: Timestamp(milliseconds: Int64(now)), members: members.map(\.bytes), scores: members.map(\.score))
    }

    /// - Parameter due: at least one member.
    package static func promoteCommand(
        _ due: Due, from source: Source, as major: SidekiqMajor = .eight, deadLimits: DeadLimits = DeadLimits(),
        limits: PayloadLimits = PayloadLimits()
    ) -> RedisCommand {
        var command = RedisCommand(running: Scripts.promote, keys: [source.key, Keys.dead, Keys.queues])
        command.add(Keys.queuePrefix)
        command.add(max(0, deadLimits.jobs))
        command.add(max(0, deadLimits.seconds))
        for (index, member) in due.members.enumerated() {
            command.add(member)
            let job = PromotedPayload.make(
                member, now: due.now, due: due.scheduled(index, in: source), as: major, limits: limits)
            command.add(job?.queue.text ?? "")
            command.add(job?.payload ?? [])
        }
        return command
    }

    package static func answer(_ reply: RedisReply) throws(RedisError) -> Answer {
        guard let parts = try reply.accepted().elements, parts.count == 3, let promoted = parts[0].integer,
            let buried = parts[1].integer, let troubled = parts[2].pairs
        else { throw .unreadable("promote") }
        var answer = Answer(promoted: promoted, buried: buried)
        for (key, error) in troubled { answer.troubled[key.text ?? ""] = RedisRefusal(reply: error.text ?? "") }
        return answer
    }
}
