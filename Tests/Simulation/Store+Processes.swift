import JobModel
import Redis

@testable import Queueing

/// beat.lua, deregister.lua, rescue.lua and the commands of OwnReservations.
extension Store {
    /// - Parameter judge: the clock that leases go by, in milliseconds; Redis' own unless broken on purpose.
    func beat(_ beat: ProcessRegistry.Beat, judge: Int64? = nil) -> ProcessRegistry.BeatAnswer {
        let known = leases.removeValue(forKey: beat.identity) != nil
        if known || beat.origin != nil {
            leases[beat.identity] = (judge ?? milliseconds) + Int64(beat.leaseMilliseconds)
            if let origin = beat.origin { origins[beat.identity] = origin }
            if let record = beat.record {
                let own = RunningAtDeath.OwnRecord(
                    isQuiet: record.isQuiet, sequences: Set(beat.work.compactMap(\.sequence)))
                records[beat.identity] = Record(own: own, expires: milliseconds + 60_000)
            }
        }
        return ProcessRegistry.BeatAnswer(wasKnown: known, now: Timestamp(milliseconds: milliseconds))
    }

    /// In the order of fetching, as `OwnReservations.ids` gives them.
    func ids(of identity: String) -> [ReservationID] { reservations[identity, default: [:]].keys.sorted() }

    func payloads(of identity: String, _ ids: [ReservationID]) -> [Reservation] {
        ids.compactMap { id in reservations[identity]?[id].map { Reservation(id: id, payload: $0) } }
    }

    /// What a process last told of itself, as far as Redis still knows.
    func ownRecord(of identity: String) -> RunningAtDeath.OwnRecord {
        guard let record = records[identity], record.expires > milliseconds else {
            return RunningAtDeath.OwnRecord(isQuiet: false, sequences: [])
        }
        return record.own
    }

    /// Deaths that are counted against these, so far.
    func deathCounts(_ deaths: [CountedDeath]) -> [Int] { deaths.map { self.deaths[$0.jid, default: []].count } }

    /// - Returns: how many reservations are left behind.
    func deregister(_ identity: String) -> Int {
        if breakage == .leftBehindAtStop { reservations[identity] = nil }
        records[identity]?.own.sequences = []
        let left = reservations[identity]?.count ?? 0
        let wasKnown = leases.removeValue(forKey: identity) != nil
        if left == 0 {
            origins[identity] = nil
        } else if wasKnown {
            leases[identity] = 0
        }
        return left
    }

    func leaseList(judge: Int64? = nil) -> [Rescue.Lease] {
        let entries = leases.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        return entries.map { identity, end in
            Rescue.Lease(
                identity: identity, endsAt: Timestamp(milliseconds: max(0, end)), isOver: end <= judge ?? milliseconds)
        }
    }

    func rescue(
        _ identity: String, force: Bool, deaths: [ReservationID: CountedDeath] = [:], limits: DeadLimits = DeadLimits(),
        because cause: Books.Cause = .gone, judge: Int64? = nil
    ) -> Rescue.Answer {
        if !force, let end = leases[identity], end > judge ?? milliseconds { return Rescue.Answer(isAlive: true) }
        var answer = Rescue.Answer(isAlive: false)
        var deaths = deaths
        if breakage == .deathCountedUnseen {
            for (id, death) in deaths.sorted(by: { $0.key < $1.key }) {
                _ = isPoison(death, of: id, by: identity, because: cause)
            }
            deaths = [:]
        }
        // Queue by queue. The oldest is put back last, so that it is fetched next.
        let newestFirst = ids(of: identity).reversed()
        var queues: [QueueName] = []
        for id in newestFirst where !queues.contains(id.queue) { queues.append(id.queue) }
        for id in queues.flatMap({ queue in newestFirst.filter { $0.queue == queue } }) {
            if let refusal = refusal(.queue(id.queue)) {
                answer.troubled[id.queue] = refusal
                continue
            }
            guard let payload = reservations[identity]?[id] else { continue }
            if breakage != .rescueInTwoSteps { reservations[identity]?[id] = nil }
            names.insert(id.queue)
            answer.returned[id.queue, default: 0] += 0
            var isPoison = false
            if let death = deaths[id] {
                isPoison = self.isPoison(death, of: id, by: identity, because: cause, payload: payload)
            }
            if isPoison, let death = deaths[id] {
                bury(death.poisoned, number: id.sequence)
                trimDead(limits)
                answer.poisoned.append(id)
            } else {
                putBack(payload, to: id.queue)
                answer.returned[id.queue, default: 0] += 1
            }
            books?.rescued(id, of: identity, because: cause, isPoison: isPoison)
        }
        if breakage == .rescueInTwoSteps { return answer }
        forget(identity, isTroubled: !answer.troubled.isEmpty)
        return answer
    }

    /// Broken on purpose: the second step of a rescue that has copied.
    func forgetCopied(_ identity: String) {
        reservations[identity] = nil
        forget(identity, isTroubled: false)
    }

    private func forget(_ identity: String, isTroubled: Bool) {
        if reservations[identity]?.isEmpty == true { reservations[identity] = nil }
        leases[identity] = nil
        records[identity] = nil
        if isTroubled {
            leases[identity] = 0
        } else {
            origins[identity] = nil
        }
    }
}

/// due.lua and promote.lua
extension Store {
    private func set(_ source: DueJobs.Source) -> (WritableKeyPath<Store, SortedMembers>, Place) {
        switch source {
        case .retry: (\.retry, .retry)
        case .schedule: (\.schedule, .schedule)
        }
    }

    /// - Throws: if the key is of another type.
    func due(_ source: DueJobs.Source, limit: Int = DueJobs.most) throws(RedisRefusal) -> DueJobs.Due {
        let (set, place) = set(source)
        if let refusal = refusal(place) { throw refusal }
        let entries = self[keyPath: set].due(at: Double(clock) / 1e6, limit: limit)
        return DueJobs.Due(
            now: Timestamp(milliseconds: milliseconds), members: entries.map(\.member), scores: entries.map(\.score))
    }

    /// - Throws: if the key is of another type.
    func promote(
        _ due: DueJobs.Due, from source: DueJobs.Source, deadLimits: DeadLimits = DeadLimits(),
        limits: PayloadLimits = PayloadLimits()
    ) throws(RedisRefusal) -> DueJobs.Answer {
        let (set, place) = set(source)
        var (store, answer) = (self, DueJobs.Answer())
        // With a write behind it a script may go on even when memory is full.
        var hasWritten = false
        for (index, member) in due.members.enumerated() {
            let promoted = PromotedPayload.make(
                member, now: due.now, due: due.scheduled(index, in: source), limits: limits)
            let target = promoted.map { Place.queue($0.queue) } ?? .dead
            if let problem = refusal(target) {
                let key = promoted.map { Keys.queue($0.queue) } ?? Keys.dead
                // By a minute, so that it does not fill every batch.
                if refusal(place) == nil, !isFull || hasWritten, store[keyPath: set].remove(member) {
                    _ = store[keyPath: set].addNew(member, after(60))
                }
                answer.troubled[key] = problem
                continue
            }
            if let refusal = refusal(place) { throw refusal }
            hasWritten = true
            guard store[keyPath: set].remove(member) || breakage == .promotedWithoutCheck else { continue }
            if let promoted {
                push(promoted.payload, to: promoted.queue)
                answer.promoted += 1
            } else {
                dead.addOrMove(member, after(0))
                answer.buried += 1
            }
        }
        if answer.buried > 0 { trimDead(deadLimits) }
        return answer
    }
}
