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

    /// Jobs for one of the process's capsules.
    package struct Fetch: Sendable {
        /// Which, as the process counts them.
        package var capsule: Int
        /// How many are wanted, 1 to `most`.
        package var count: Int
        /// Where they are taken from; indices into `queues`.
        package var steps: [QueueOrder.Step]
        package var queues: [QueueName]

        package init(capsule: Int, count: Int, steps: [QueueOrder.Step], queues: [QueueName]) {
            self.capsule = capsule
            self.count = count
            self.steps = steps
            self.queues = queues
        }
    }

    package struct Request: Sendable {
        package var identity: String
        package var settlements: [Settlement]
        /// Together at most `most` jobs; empty if none is wanted.
        package var fetches: [Fetch]
        /// The number of the first reservation made; the others follow. Never one that was given before.
        package var firstSequence: UInt64
        /// Now: says which day the statistics belong to.
        package var day: Timestamp
        package var deadLimits: DeadLimits
        /// Results that were found to be too late without an exchange, to be counted with those it finds.
        package var late: Int

        package init(
            identity: String, settlements: [Settlement] = [], fetches: [Fetch] = [], firstSequence: UInt64 = 1,
            day: Timestamp, deadLimits: DeadLimits = DeadLimits(), late: Int = 0
        ) {
            self.identity = identity
            self.settlements = settlements
            self.fetches = fetches
            self.firstSequence = firstSequence
            self.day = day
            self.deadLimits = deadLimits
            self.late = late
        }

        /// How many jobs are wanted, for all capsules.
        package var fetch: Int { fetches.reduce(0) { $0 + $1.count } }

        /// - Parameter step: counted from 1 through all fetches, as the script does.
        fileprivate func source(ofStep step: Int) -> (fetch: Int, queue: QueueName)? {
            var index = step - 1
            for (number, fetch) in fetches.enumerated() {
                if fetch.steps.indices ~= index { return (number, fetch.queues[fetch.steps[index].queue]) }
                index -= fetch.steps.count
            }
            return nil
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
        /// How many of them each fetch brought.
        package var counts: [Int]
        /// Of those that were to be asked.
        package var pausedQueues: Set<QueueName>
        package var troubledQueues: [(queue: QueueName, refusal: RedisRefusal)]

        package init(
            refusedSettlements: [ReservationID] = [],
            blockedSettlements: [(id: ReservationID, refusal: RedisRefusal)] = [],
            poisonedSettlements: [ReservationID] = [], isRegistered: Bool = true, fetched: [Reservation] = [],
            counts: [Int]? = nil, pausedQueues: Set<QueueName> = [],
            troubledQueues: [(queue: QueueName, refusal: RedisRefusal)] = []
        ) {
            self.refusedSettlements = refusedSettlements
            self.blockedSettlements = blockedSettlements
            self.poisonedSettlements = poisonedSettlements
            self.isRegistered = isRegistered
            self.fetched = fetched
            self.counts = counts ?? [fetched.count]
            self.pausedQueues = pausedQueues
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
                Keys.late, Keys.paused,
            ], more: request.fetches.reduce(0) { $0 + $1.steps.count })
        for fetch in request.fetches {
            for step in fetch.steps { command.add(Keys.queuePrefix, fetch.queues[step.queue].text) }
        }
        command.add(request.identity)
        command.add(request.fetches.count)
        command.add(Int(request.firstSequence))
        command.add(Keys.queuePrefix)
        command.add(max(0, request.deadLimits.jobs))
        command.add(max(0, request.deadLimits.seconds))
        command.add(request.late)
        for fetch in request.fetches {
            command.add(fetch.count)
            add(fetch.steps, to: &command)
        }
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
        guard let parts = try reply.accepted().elements, parts.count == 8,
            let isRegistered = parts[0].integer, let fenced = parts[1].elements, let blocked = parts[2].pairs,
            let troubled = parts[3].pairs, let numbers = parts[4].pairs, let payloads = parts[5].elements,
            let poisoned = parts[6].elements, let paused = parts[7].elements
        else { throw .unreadable("exchange") }
        let (fetched, counts) = try reservations(payloads, numbers, request)
        return Answer(
            refusedSettlements: fenced.compactMap { $0.text.flatMap(ReservationID.init) },
            blockedSettlements: blocked.compactMap { entry in
                guard let id = entry.name.text.flatMap(ReservationID.init) else { return nil }
                return (id, RedisRefusal(reply: entry.value.text ?? ""))
            },
            poisonedSettlements: poisoned.compactMap { $0.text.flatMap(ReservationID.init) },
            isRegistered: isRegistered == 1,
            fetched: fetched, counts: counts,
            pausedQueues: Set(paused.compactMap { $0.integer.flatMap(request.source)?.queue }),
            troubledQueues: troubled.compactMap { entry in
                guard let queue = entry.name.integer.flatMap(request.source)?.queue else { return nil }
                return (queue, RedisRefusal(reply: entry.value.text ?? ""))
            })
    }

    /// - Parameter numbers: of the steps that brought any, which it was and how many of the payloads, in their order.
    private static func reservations(
        _ payloads: [RedisReply], _ numbers: [(name: RedisReply, value: RedisReply)], _ request: Request
    ) throws(RedisError) -> (fetched: [Reservation], counts: [Int]) {
        var found: [Reservation] = []
        found.reserveCapacity(payloads.count)
        var counts = [Int](repeating: 0, count: request.fetches.count)
        for (step, number) in numbers {
            guard let (fetch, queue) = step.integer.flatMap(request.source), let number = number.integer, number >= 0
            else { throw .unreadable("exchange") }
            counts[fetch] += number
            for _ in 0..<number {
                guard found.count < payloads.count, let payload = payloads[found.count].bytes else {
                    throw .unreadable("exchange")
                }
                let sequence = request.firstSequence + UInt64(found.count)
                found.append(
                    Reservation(id: ReservationID(sequence: sequence, queue: queue), payload: payload))
            }
        }
        return (found, counts)
    }
}
