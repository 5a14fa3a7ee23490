package import JobModel
package import Redis

/// A process's conversation with Redis about jobs: settle some reservations and fetch some jobs, in one step.
///
/// An exchange whose answer was lost must not be sent again: it may have been carried out. What was settled is settled
/// (a second time it is refused), but jobs it fetched lie in the reservations unseen; `OwnReservations` finds them.
package enum Exchange {
    /// At most so many settlements, and jobs, in one exchange: Redis does nothing else meanwhile.
    package static let most = 1000
    /// About so many bytes of payloads are settled in one exchange: Redis closes a connection that sends 1 GB at once.
    package static let mostBytes = 16 << 20

    /// How many of these, from the first, go into one exchange; at least one, if there is one.
    package static func share(of settlements: [Settlement]) -> Int {
        var bytes = 0
        for (index, settlement) in settlements.prefix(most).enumerated() {
            bytes += settlement.payloadBytes
            if bytes > mostBytes { return max(index, 1) }
        }
        return min(settlements.count, most)
    }

    package struct Request: Sendable {
        package var identity: String
        package var settlements: [Settlement]
        /// How many jobs are wanted, 0 to `most`.
        package var fetch: Int
        /// The number of the first reservation made; the others follow. Never one that was given before.
        package var firstSequence: UInt64
        /// Where the jobs are taken from; indices into `queues`.
        package var steps: [QueueOrder.Step]
        package var queues: [QueueName]
        /// Now: says which day the statistics belong to.
        package var day: Timestamp
        package var deadLimits: DeadLimits
        /// Results that were found to be too late without an exchange, to be counted with those it finds.
        package var late: Int

        package init(
            identity: String, settlements: [Settlement] = [], fetch: Int = 0, firstSequence: UInt64 = 1,
            steps: [QueueOrder.Step] = [], queues: [QueueName] = [], day: Timestamp,
            deadLimits: DeadLimits = DeadLimits(), late: Int = 0
        ) {
            self.identity = identity
            self.settlements = settlements
            self.fetch = fetch
            self.firstSequence = firstSequence
            self.steps = steps
            self.queues = queues
            self.day = day
            self.deadLimits = deadLimits
            self.late = late
        }
    }

    package struct Answer: Sendable {
        /// Fenced: the reservation was no longer ours (rescued, or settled before), so nothing was written or counted.
        package var refusedSettlements: [ReservationID]
        /// Still reserved, because what should follow cannot be written, such as a retry set of another type.
        package var blockedSettlements: [(id: ReservationID, refusal: RedisRefusal)]
        /// Buried, since the death that was counted was one too many.
        package var poisonedSettlements: [ReservationID]
        /// False: our lease was ended by somebody else. Nothing was fetched; register first.
        package var isRegistered: Bool
        /// In the order of fetching, numbered from `firstSequence`.
        package var fetched: [Reservation]
        package var troubledQueues: [(queue: QueueName, refusal: RedisRefusal)]

        package init(
            refusedSettlements: [ReservationID] = [],
            blockedSettlements: [(id: ReservationID, refusal: RedisRefusal)] = [],
            poisonedSettlements: [ReservationID] = [], isRegistered: Bool = true, fetched: [Reservation] = [],
            troubledQueues: [(queue: QueueName, refusal: RedisRefusal)] = []
        ) {
            self.refusedSettlements = refusedSettlements
            self.blockedSettlements = blockedSettlements
            self.poisonedSettlements = poisonedSettlements
            self.isRegistered = isRegistered
            self.fetched = fetched
            self.troubledQueues = troubledQueues
        }
    }

    package static func command(_ request: Request) -> RedisCommand {
        precondition(
            request.settlements.count <= most && 0...most ~= request.fetch, "an exchange is at most \(most) jobs")
        let date = CalendarDate(request.day)
        var command = RedisCommand(
            running: Scripts.exchange,
            keys: [
                Keys.reservations(request.identity), Keys.leases, Keys.retry, Keys.schedule, Keys.dead, Keys.queues,
                Keys.processed, Keys.processed(on: date), Keys.failed, Keys.failed(on: date), Keys.poisoned,
                Keys.late,
            ], more: request.steps.count)
        for step in request.steps { command.add(Keys.queuePrefix, request.queues[step.queue].text) }
        command.add(request.identity)
        command.add(request.fetch)
        command.add(Int(request.firstSequence))
        command.add(Keys.queuePrefix)
        command.add(max(0, request.deadLimits.jobs))
        command.add(max(0, request.deadLimits.seconds))
        command.add(request.late)
        add(request.steps, to: &command)
        add(request.settlements, to: &command)
        return command
    }

    /// In strict order, however many queues there are, all may give what is wanted: one group.
    private static func add(_ steps: [QueueOrder.Step], to command: inout RedisCommand) {
        var groups: [(steps: Int, atMost: Int)] = []
        for step in steps {
            if groups.last?.atMost != step.atMost { groups.append((0, step.atMost)) }
            groups[groups.count - 1].steps += 1
        }
        command.add(groups.count)
        for group in groups {
            command.add(group.steps)
            command.add(max(1, group.atMost))
        }
    }

    private static func add(_ settlements: [Settlement], to command: inout RedisCommand) {
        let groups = groups(settlements)
        command.add(groups.count)
        for group in groups {
            command.add(group.counts.rawValue)
            command.add(group.indices.count)
            for index in group.indices { command.add(settlements[index].id) }
        }
        // Requeued jobs go to the end that is fetched next: the oldest last.
        let others = settlements.filter { !$0.justEnds }.sorted { $1.id < $0.id }
        command.add(others.count)
        for settlement in others { settlement.add(to: &command) }
    }

    /// Those that just end, in their order, neighbours that count the same together: nearly always one group.
    private static func groups(_ settlements: [Settlement]) -> [(counts: Settlement.Counts, indices: [Int])] {
        var groups: [(counts: Settlement.Counts, indices: [Int])] = []
        for index in settlements.indices where settlements[index].justEnds {
            let counts = settlements[index].counts
            if groups.last?.counts != counts { groups.append((counts, [])) }
            groups[groups.count - 1].indices.append(index)
        }
        return groups
    }
}

extension Exchange {
    /// - Throws: `refused` if the script did nothing at all, such as BUSY or WRONGTYPE of our own reservations.
    package static func answer(_ reply: RedisReply, to request: Request) throws(RedisError) -> Answer {
        guard let parts = try reply.accepted().elements, parts.count == 7,
            let isRegistered = parts[0].integer, let fenced = parts[1].elements, let blocked = parts[2].pairs,
            let troubled = parts[3].pairs, let numbers = parts[4].pairs, let payloads = parts[5].elements,
            let poisoned = parts[6].elements
        else { throw .unreadable("exchange") }
        return Answer(
            refusedSettlements: fenced.compactMap { $0.text.flatMap(ReservationID.init) },
            blockedSettlements: blocked.compactMap { entry in
                guard let id = entry.name.text.flatMap(ReservationID.init) else { return nil }
                return (id, RedisRefusal(reply: entry.value.text ?? ""))
            },
            poisonedSettlements: poisoned.compactMap { $0.text.flatMap(ReservationID.init) },
            isRegistered: isRegistered == 1,
            fetched: try reservations(payloads, numbers, request),
            troubledQueues: troubled.compactMap { entry in
                guard let step = entry.name.integer, request.steps.indices ~= step - 1 else { return nil }
                return (request.queues[request.steps[step - 1].queue], RedisRefusal(reply: entry.value.text ?? ""))
            })
    }

    /// - Parameter numbers: of the steps that brought any, which it was and how many of the payloads, in their order.
    private static func reservations(
        _ payloads: [RedisReply], _ numbers: [(name: RedisReply, value: RedisReply)], _ request: Request
    ) throws(RedisError) -> [Reservation] {
        var found: [Reservation] = []
        found.reserveCapacity(payloads.count)
        for (step, number) in numbers {
            guard let step = step.integer, request.steps.indices ~= step - 1, let number = number.integer, number >= 0
            else { throw .unreadable("exchange") }
            let queue = request.queues[request.steps[step - 1].queue]
            for _ in 0..<number {
                guard found.count < payloads.count, let payload = payloads[found.count].bytes else {
                    throw .unreadable("exchange")
                }
                let sequence = request.firstSequence + UInt64(found.count)
                found.append(
                    Reservation(id: ReservationID(sequence: sequence, queue: queue), payload: payload))
            }
        }
        return found
    }
}
