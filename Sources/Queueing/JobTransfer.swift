package import JobModel
package import Redis

/// Takes jobs that wait from where they are and puts each elsewhere, in one step for each.
package struct JobTransfer: Sendable {
    package enum Target: String, Sendable {
        case queue
        case dead
        case nowhere = "drop"
    }

    /// One job: what lies there, and what is written.
    package struct Move: Equatable, Sendable {
        package var payload: [UInt8]
        /// Only for the target `queue`.
        package var queue: QueueName?
        package var written: [UInt8]

        package init(payload: [UInt8], queue: QueueName? = nil, written: [UInt8] = []) {
            self.payload = payload
            self.queue = queue
            self.written = written
        }
    }

    package enum Outcome: Equatable, Sendable {
        case done
        /// It was not there any more; nothing was done.
        case gone
        /// It is where it was.
        case refused(RedisRefusal)
    }

    /// At most so many jobs, and about so many bytes, go in one step: Redis does nothing else meanwhile.
    package static let most = (jobs: 500, bytes: 4 << 20)

    package let place: JobPlace
    package let target: Target
    private let deadLimits: DeadLimits

    /// - Parameter place: no reservations.
    package init(from place: JobPlace, to target: Target, deadLimits: DeadLimits = DeadLimits()) {
        self.place = place
        self.target = target
        self.deadLimits = deadLimits
    }

    /// Carries it out over a blocking connection, in portions; the outcomes are those of the moves, in their order.
    ///
    /// - Parameter window: where in a list they lie, if that is known: then it is not searched for each.
    package func carryOut(
        _ moves: [Move], in window: JobScan.Window? = nil, over redis: RedisConnection
    ) throws(RedisError) -> [Outcome] {
        var outcomes: [Outcome] = []
        var rest = moves[...]
        var window = window
        while !rest.isEmpty {
            var bytes = 0
            let end = rest.firstIndex { move in
                bytes += move.payload.count + move.written.count
                return bytes > Self.most.bytes
            }
            let count = min(max(1, (end ?? rest.endIndex) - rest.startIndex), Self.most(in: window))
            let part = Array(rest.prefix(count))
            let found = try portion(part, in: window, over: redis)
            outcomes += found
            // What was taken on the left of a window has moved the rest towards it.
            let taken = found.count { $0 == .done }
            if let first = window?.first, first >= 0 { window?.first = max(0, first - taken) }
            rest = rest.dropFirst(count)
        }
        return outcomes
    }

    /// Deep inside of a list each job takes Redis a while: there it is fewer of them that hold it.
    private static func most(in window: JobScan.Window?) -> Int {
        guard let distance = window?.distance, distance > 10_000 else { return most.jobs }
        return max(20, most.jobs * 10_000 / distance)
    }

    private func portion(
        _ moves: [Move], in window: JobScan.Window?, over redis: RedisConnection
    ) throws(RedisError) -> [Outcome] {
        do throws(RedisError) {
            return try outcomesOf(moves, redis.call(command(moves, window)))
        } catch {
            // All at once takes memory, which may be what Redis lacks.
            guard window != nil, case .refused = error else { throw error }
            var found: [Outcome] = []
            for move in moves { found += try outcomesOf([move], redis.call(command([move], nil))) }
            return found
        }
    }

    private func command(_ moves: [Move], _ window: JobScan.Window?) -> RedisCommand {
        var command = RedisCommand(running: Scripts.transfer, keys: [place.key, Keys.dead, Keys.queues])
        command.add(place.isList ? "list" : "zset")
        command.add(target.rawValue)
        command.add(Keys.queuePrefix)
        command.add(max(0, deadLimits.jobs))
        command.add(max(0, deadLimits.seconds))
        command.add(window.map { String($0.first) } ?? "")
        command.add(window.map { String($0.last) } ?? "")
        // A job is JSON, or at least something that somebody has written: nobody writes this by chance.
        command.add("martlet: taken \(UInt64.random(in: 0 ... .max))")
        for move in moves {
            command.add(move.payload)
            command.add(move.queue?.text ?? "")
            command.add(move.written)
        }
        return command
    }

    private func outcomesOf(_ moves: [Move], _ reply: RedisReply) throws(RedisError) -> [Outcome] {
        guard let results = try reply.accepted().elements, results.count == moves.count else {
            throw .unreadable("transfer")
        }
        return results.map { result in
            if let refusal = result.refusal { return .refused(refusal) }
            return result.integer == 1 ? .done : .gone
        }
    }
}
