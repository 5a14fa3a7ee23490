package import JobModel
package import Redis

/// Gives back what vanished processes held.
package enum Rescue {
    package struct Lease: Equatable, Sendable {
        package var identity: String
        package var endsAt: Timestamp
        /// By Redis' clock, when the list was read. Rescue asks again.
        package var isOver: Bool

        package init(identity: String, endsAt: Timestamp, isOver: Bool) {
            self.identity = identity
            self.endsAt = endsAt
            self.isOver = isOver
        }
    }

    package struct Answer: Equatable, Sendable {
        /// It is alive, so nothing was done.
        package var isAlive: Bool
        /// Jobs given back per queue.
        package var returned: [QueueName: Int]
        /// Jobs that went to the dead set, since the death that was counted was one too many.
        package var poisoned: [ReservationID]
        /// Queues of another type; the jobs stay reserved and rescue has to be tried again.
        package var troubled: [QueueName: RedisRefusal]

        package init(
            isAlive: Bool, returned: [QueueName: Int] = [:], poisoned: [ReservationID] = [],
            troubled: [QueueName: RedisRefusal] = [:]
        ) {
            self.isAlive = isAlive
            self.returned = returned
            self.poisoned = poisoned
            self.troubled = troubled
        }
    }

    /// To be sent together; `leases` reads the answers.
    package static var listCommands: [RedisCommand] {
        [RedisCommand("TIME"), RedisCommand(["ZRANGE", Keys.leases, "0", "-1", "WITHSCORES"])]
    }

    package static func leases(_ replies: [RedisReply]) throws(RedisError) -> [Lease] {
        guard replies.count == 2, let now = try Timestamp(redisTime: replies[0].accepted()),
            let entries = try replies[1].accepted().pairs
        else { throw .unreadable("ZRANGE") }
        return entries.compactMap { entry in
            guard let identity = entry.name.text, let end = entry.value.number else { return nil }
            let endsAt = Timestamp(milliseconds: Int64(max(0, min(end, 1e15))))
            return Lease(identity: identity, endsAt: endsAt, isOver: endsAt <= now)
        }
    }

    /// - Parameters:
    ///   - force: the process is known to be dead, so its lease need not be over.
    ///   - deaths: the jobs against which its death counts. Those whose `poisoned` payload is empty are only counted.
    package static func command(
        identity: String, force: Bool = false, deaths: [ReservationID: CountedDeath] = [:],
        deadLimits: DeadLimits = DeadLimits()
    ) -> RedisCommand {
        var command = RedisCommand(
            running: Scripts.rescue,
            keys: [
                Keys.leases, Keys.reservations(identity), Keys.origin(identity), Keys.queues, Keys.processes,
                Keys.processRecord(identity), Keys.work(identity), Keys.dead, Keys.poisoned,
                Keys.oldWork(identity),
            ])
        command.add(identity)
        command.add(force ? "1" : "0")
        command.add(Keys.queuePrefix)
        command.add(max(0, deadLimits.jobs))
        command.add(max(0, deadLimits.seconds))
        for (id, death) in deaths.sorted(by: { $0.key < $1.key }) {
            command.add(id.text)
            death.addCount(to: &command)
            command.add(death.seen ?? [])
        }
        return command
    }

    package static func answer(_ reply: RedisReply) throws(RedisError) -> Answer {
        guard let parts = try reply.accepted().elements, parts.count == 4, let isAlive = parts[0].integer,
            let returned = parts[1].pairs, let troubled = parts[2].pairs,
            let poisoned = parts[3].elements
        else { throw .unreadable("rescue") }
        var answer = Answer(isAlive: isAlive == 1)
        answer.poisoned = poisoned.compactMap { $0.text.flatMap(ReservationID.init) }
        for (queue, count) in returned { answer.returned[QueueName(trusted: queue.text ?? "")] = count.integer }
        for (queue, error) in troubled {
            answer.troubled[QueueName(trusted: queue.text ?? "")] = RedisRefusal(reply: error.text ?? "")
        }
        return answer
    }
}

extension Timestamp {
    /// - Parameter reply: TIME's: seconds and microseconds.
    init?(redisTime reply: RedisReply) {
        guard let parts = reply.elements, parts.count == 2, let seconds = parts[0].integer,
            let microseconds = parts[1].integer
        else { return nil }
        // Whoever answers with nonsense is no Redis; that must not end us.
        guard 0..<1_000_000_000_000 ~= seconds, 0..<1_000_000 ~= microseconds else { return nil }
        self.init(milliseconds: Int64(seconds * 1000 + microseconds / 1000))
    }
}
