import JobModel
import Redis
import Testing

@testable import Queueing

/// A real Redis and the model of it, and operations on both at once.
final class StorePair {
    let redis: RedisConnection
    let model: Store
    var chance: Chance
    private var sequence: UInt64 = 1
    private var payloads = 0
    private var day: Timestamp { Timestamp(milliseconds: model.milliseconds) }

    static let identities = ["a", "b", "c"]
    private static let queues = ["high", "low"].map { QueueName(trusted: $0) }
    static let places: [Store.Place] =
        [.retry, .schedule, .dead] + queues.map { .queue($0) } + mortals.map { .deaths($0) }
    /// So that some payloads are too large or too deep, and errors make others so.
    private static let limits = PayloadLimits(bytes: 600, warningBytes: 300, depth: 8)

    init(_ redis: RedisConnection, seed: UInt64) throws {
        self.redis = redis
        model = Store(clock: 0)
        chance = Chance(seed: seed)
    }

    /// - Returns: what was done, for the message of a failure.
    func step() throws -> String {
        // The model's clock follows Redis'. What differs are microseconds, and no instant here is that near another.
        let time = try (redis.call(RedisCommand("TIME")).elements ?? []).compactMap(\.integer)
        model.clock = Int64(time[0]) * 1_000_000 + Int64(time[1])
        let identity = chance.one(of: Self.identities)
        switch chance.integer(0...33) {
        case 0...2: return try push()
        case 3...9: return try exchange(identity)
        case 10...11: return try beat(identity)
        case 12: return try compare(identity)
        case 13: return try deregister(identity)
        case 14...15: return try rescue(identity)
        case 16...17: return try promote(chance.one(of: [.retry, .schedule]))
        case 18: return try list()
        case 19: return try countDeaths(identity)
        case 20: return try vanish(identity)
        case 21: return try forgetScripts()
        case 22: return try fill()
        case 23...25: return try chunk(identity)
        case 26...27: return try request()
        case 28...29: return try cancel()
        case 30...31: return try pause()
        case 32...33: return try iterate(identity)
        default: return try spoil()
        }
    }

    // MARK: Operations

    func payload() -> [UInt8] {
        payloads += 1
        // Now and then a twin of an earlier one, and now and then no job at all.
        let number = chance.happens(0.2) ? 1 : payloads
        let queue = chance.one(of: Self.queues)
        if chance.happens(0.1) { return Array("not a job \(number)".utf8) }
        let argument =
            switch chance.integer(0...19) {
            case 0: #""\#(String(repeating: "x", count: Self.limits.bytes))""#
            case 1: String(repeating: "[", count: 8) + String(repeating: "]", count: 8)
            default: "1.10"
            }
        return Array(#"{"jid":"\#(number)","class":"Work","args":[\#(argument)],"queue":"\#(queue.text)"}"#.utf8)
    }

    private func push() throws -> String {
        let queue = chance.one(of: Self.queues)
        guard !model.spoiled.contains(.queue(queue)) else { return "no push" }
        let job = JobDraft.Prepared(payload: payload(), queue: queue, at: nil, jid: "")
        let outcome = Result { () throws(RedisError) in try Producer.push([job], over: redis) }
        if model.isFull {
            if case .success(let outcome) = outcome { #expect(!outcome.refused.isEmpty, "a full Redis takes no job") }
            return "no push to \(queue), as memory is full"
        }
        #expect(try outcome.get().refused.isEmpty)
        model.push(job.payload, to: queue)
        return "push to \(queue)"
    }

    private func exchange(_ identity: String) throws -> String {
        let fetches = fetches()
        var settlements: [Settlement] = []
        for id in model.ids(of: identity) where chance.happens(0.6) { settlements.append(settlement(of: id)) }
        // One that is not ours, or not any more.
        if chance.happens(0.3) {
            let queue = chance.one(of: Self.queues)
            settlements.append(settlement(of: ReservationID(sequence: sequence + 1_000_000, queue: queue)))
            sequence += 1
        }
        let request = Exchange.Request(
            identity: identity, settlements: settlements, fetches: fetches, firstSequence: sequence, day: day,
            deadLimits: DeadLimits(jobs: chance.integer(3...6), seconds: 1_000_000))
        sequence += UInt64(request.fetch)
        let real = try Exchange.answer(redis.call(Exchange.command(request)), to: request)
        let expected = model.exchange(request)
        #expect(real.isRegistered == expected.isRegistered)
        #expect(real.fetched == expected.fetched)
        #expect(real.counts == expected.counts)
        #expect(real.pausedQueues == expected.pausedQueues)
        #expect(real.refusedSettlements == expected.refusedSettlements)
        #expect(real.blockedSettlements.map(\.id) == expected.blockedSettlements.map(\.id))
        #expect(real.blockedSettlements.map(\.refusal.code) == expected.blockedSettlements.map(\.refusal.code))
        #expect(real.poisonedSettlements == expected.poisonedSettlements)
        #expect(real.troubledQueues.map(\.queue) == expected.troubledQueues.map(\.queue))
        #expect(real.troubledQueues.map(\.refusal.code) == expected.troubledQueues.map(\.refusal.code))
        return "exchange \(request)"
    }

    /// For one capsule or two, each with an order of its own.
    private func fetches() -> [Exchange.Fetch] {
        (0..<chance.integer(0...2)).map { capsule in
            let steps: [QueueOrder.Step] =
                switch chance.integer(0...2) {
                case 0: [.init(queue: 0, atMost: 1), .init(queue: 1, atMost: 3), .init(queue: 0, atMost: 9)]
                case 1: [.init(queue: 1, atMost: 9)]
                default: [.init(queue: 1, atMost: 9), .init(queue: 0, atMost: 9)]
                }
            return Exchange.Fetch(
                capsule: capsule, count: chance.integer(1...4), steps: steps, queues: Self.queues)
        }
    }

    /// Pauses a queue, or resumes it.
    private func pause() throws -> String {
        let queue = chance.one(of: Self.queues)
        if model.paused.remove(queue) != nil {
            #expect(try redis.call(PausedQueues.resumeCommand([queue])).accepted().integer == 1)
            return "resume \(queue)"
        }
        guard !model.isFull else { return "no pause" }
        model.paused.insert(queue)
        #expect(try redis.call(PausedQueues.pauseCommand([queue])).accepted().integer == 1)
        return "pause \(queue)"
    }

    private func settlement(of id: ReservationID) -> Settlement {
        // Far apart, so that a sorted set has the same order on both sides; 0 is due at once.
        let wait = chance.happens(0.4) ? 0 : Double(chance.integer(1...50)) * 1000
        let counts = chance.one(of: [Settlement.Counts.nothing, .succeeded, .failed])
        if chance.happens(0.2) { return iterating(id, counts) }
        if chance.happens(0.2) { return asked(id, counts) }
        switch chance.integer(0...8) {
        case 0: return Settlement(id: id, verdict: .retry(afterSeconds: wait, payload: payload()), counts: counts)
        case 1:
            let payload = chance.happens(0.3) ? [] : payload()
            return Settlement(id: id, verdict: .bury(payload: payload), counts: counts)
        case 2: return Settlement(id: id, verdict: .discard, counts: counts)
        case 3: return Settlement(id: id, verdict: .requeue, counts: counts)
        case 4: return Settlement(id: id, verdict: .snooze(afterSeconds: wait), counts: counts)
        case 5:
            let at = chance.happens(0.3) ? Double(chance.integer(1...50)) * 1000 : nil
            let children = (0..<chance.integer(1...3)).map { _ in
                JobDraft.Prepared(payload: payload(), queue: chance.one(of: Self.queues), at: at, jid: "")
            }
            return Settlement(id: id, verdict: .ack, counts: counts, children: children)
        case 6:
            return Settlement(
                id: id, verdict: .retryUnlessPoison(afterSeconds: wait, payload: payload(), death()), counts: counts)
        case 8: return Settlement(id: id, verdict: .discard, counts: .expired)
        default: return Settlement(id: id, verdict: .ack, counts: counts)
        }
    }

    /// A chunk of a job that is reserved, or not, or not with that payload; sometimes sent twice.
    private func chunk(_ identity: String) throws -> String {
        let held = model.ids(of: identity)
        let stranger = ReservationID(sequence: sequence + 1_000_000, queue: Self.queues[0])
        let id = held.isEmpty || chance.happens(0.1) ? stranger : chance.one(of: held)
        let payload = model.payloads(of: identity, [id]).first?.payload ?? []
        let before = chance.happens(0.1) ? self.payload() : payload
        let children = (0..<chance.integer(0...5)).map { _ in
            let at = chance.happens(0.3) ? Double(chance.integer(1...50)) * 1000 : nil
            return JobDraft.Prepared(payload: self.payload(), queue: chance.one(of: Self.queues), at: at, jid: "")
        }
        let chunk = Chunk(id: id, before: before, after: before + [0x20], children: children)
        let deepest = chance.one(of: [0, 1, 4, 20])
        for _ in 0..<chance.integer(1...2) {
            let real = try Chunk.answer(redis.call(chunk.command(identity: identity, deepest: deepest)))
            switch (real, model.chunk(chunk, of: identity, deepest: deepest)) {
            case (.blocked(let refusal), .blocked(let expected)): #expect(refusal.code == expected.code)
            case (let real, let expected): #expect(real == expected)
            }
        }
        return "\(children.count) children of \(id) in a chunk, unless \(deepest) wait"
    }

    /// Of a job that somebody may want cancelled.
    private func asked(_ id: ReservationID, _ counts: Settlement.Counts) -> Settlement {
        let jid = chance.one(of: Self.mortals)
        let verdict = chance.one(of: [Verdict.bury(payload: payload()), .discard])
        switch chance.integer(0...2) {
        case 0:
            return Settlement(
                id: id, verdict: .ack, counts: counts, request: SettledRequest(jid: jid, became: .done))
        case 1:
            return Settlement(
                id: id, verdict: verdict, counts: counts, request: SettledRequest(jid: jid, became: .running))
        default:
            return Settlement(
                id: id, verdict: verdict, counts: .nothing, request: SettledRequest(jid: jid, became: .unstarted))
        }
    }

    /// Asks for some jobs to be cancelled, or takes that back.
    private func request() throws -> String {
        let jids = Self.mortals.filter { _ in chance.happens(0.5) }
        guard !jids.isEmpty else { return "no request" }
        if chance.happens(0.3) {
            _ = try redis.call(CancelRequests.withdrawCommand(jids)).accepted()
            model.withdraw(jids)
            return "withdraw \(jids)"
        }
        _ = try redis.call(CancelRequests.askCommand(jids, Cancellation(by: "somebody"))).accepted()
        model.request(jids)
        return "request \(jids)"
    }

    /// Cancels a job where it waits, or one that is not there.
    private func cancel() throws -> String {
        let place = chance.one(of: [JobPlace.retry, .schedule] + Self.queues.map { .queue($0) })
        let payloads = Result { () throws(RedisRefusal) in try model.look(into: place) }
        var there: [[UInt8]] = []
        if case .success(let found) = payloads { there = found }
        let member = there.isEmpty || chance.happens(0.2) ? payload() : chance.one(of: there)
        let buried = chance.happens(0.2) ? nil : payload()
        let (jid, limits) = (chance.one(of: Self.mortals), DeadLimits(jobs: 5))
        let reply = try redis.call(CancelRequests.moveCommand(member, jid: jid, from: place, buried: buried, limits))
        let moved = Result { () throws(RedisRefusal) in
            try model.cancel(member, jid: jid, from: place, buried: buried, limits)
        }
        switch moved {
        case .success(let isMoved): #expect(reply.integer == (isMoved ? 1 : 0))
        case .failure(let refusal): #expect(reply.refusal?.code == refusal.code)
        }
        return "cancel \(jid) in \(place)"
    }

    static let mortals = ["x", "y", "z"]

    /// Sometimes without a payload to be buried, as rescue counts deaths that cannot be the last.
    private func death(maybeEmpty: Bool = false) -> CountedDeath {
        CountedDeath(
            jid: chance.one(of: Self.mortals),
            limit: PoisonLimit(deaths: chance.integer(1...4), seconds: chance.one(of: [60, 1_000_000])),
            poisoned: maybeEmpty && chance.happens(0.3) ? [] : payload())
    }

    private func beat(_ identity: String) throws -> String {
        // A lease that is over at once, or one that outlives the test: nothing depends on how long a step takes.
        let lasts = chance.one(of: [-1000, 1_000_000])
        let origin = ProcessOrigin(
            host: "h", boot: "b", pidNamespace: "n", pid: Int32(chance.integer(1...9)), startTime: 1, role: "worker")
        var beat = ProcessRegistry.Beat(
            identity: identity, leaseMilliseconds: lasts, origin: chance.happens(0.6) ? origin : nil)
        if chance.happens(0.6) {
            beat.record = ProcessRecord(
                info: Array("{}".utf8), concurrency: 9, busy: 1, beat: day, roundTripMicroseconds: 1,
                isQuiet: chance.happens(0.3), residentKB: 1)
            for (slot, id) in model.ids(of: identity).enumerated() where chance.happens(0.5) {
                let payload = model.payloads(of: identity, [id]).first?.payload ?? []
                beat.work.append(
                    WorkEntry(
                        slot: "\(slot)", queue: id.queue, payload: payload, startedAt: day, sequence: id.sequence))
            }
        }
        let real = try ProcessRegistry.answer(redis.call(ProcessRegistry.command(beat)))
        let expected = model.beat(beat)
        #expect(real.wasKnown == expected.wasKnown)
        #expect(real.trouble == nil)
        return "beat \(beat)"
    }

    private func compare(_ identity: String) throws -> String {
        let ids = try OwnReservations.ids(redis.call(OwnReservations.idsCommand(identity: identity)))
        #expect(ids == model.ids(of: identity))
        let asked = ids + [ReservationID(sequence: 99_999_999, queue: Self.queues[0])]
        let reply = try redis.call(OwnReservations.payloadsCommand(identity: identity, ids: asked))
        #expect(try OwnReservations.reservations(reply, ids: asked) == model.payloads(of: identity, asked))
        return "compare \(identity)"
    }

    private func deregister(_ identity: String) throws -> String {
        let command = ProcessRegistry.deregisterCommand(identity: identity)
        #expect(try ProcessRegistry.left(redis.call(command)) == model.deregister(identity))
        return "deregister \(identity)"
    }

    private func rescue(_ identity: String) throws -> String {
        let force = chance.happens(0.3)
        var deaths: [ReservationID: CountedDeath] = [:]
        for id in model.ids(of: identity) where chance.happens(0.4) {
            let death = death(maybeEmpty: true)
            let held = model.payloads(of: identity, [id]).first?.payload
            let seen = chance.one(of: [nil, held, held.map { $0 + [0x20] }])
            deaths[id] = CountedDeath(jid: death.jid, limit: death.limit, poisoned: death.poisoned, seen: seen)
        }
        let limits = DeadLimits(jobs: chance.integer(3...6), seconds: 1_000_000)
        let command = Rescue.command(identity: identity, force: force, deaths: deaths, deadLimits: limits)
        let real = try Rescue.answer(redis.call(command))
        let expected = model.rescue(identity, force: force, deaths: deaths, limits: limits)
        #expect(Set(real.poisoned) == Set(expected.poisoned))
        #expect(real.isAlive == expected.isAlive)
        #expect(real.returned == expected.returned)
        #expect(real.troubled.mapValues(\.code) == expected.troubled.mapValues(\.code))
        return "rescue \(identity), \(force ? "known to be dead" : "if its lease is over")"
    }

    private func promote(_ source: DueJobs.Source) throws -> String {
        let limit = chance.integer(1...4)
        let reply = try redis.call(DueJobs.dueCommand(source, limit: limit))
        let expected = Result { () throws(RedisRefusal) in try model.due(source, limit: limit) }
        if case .failure(let refusal) = expected {
            #expect(reply.refusal?.code == refusal.code)
            return "promote \(source), which is of another type"
        }
        var due = try DueJobs.due(reply)
        #expect(try due.members == expected.get().members)
        // Sometimes with one that somebody else has moved already.
        if chance.happens(0.3) { due.members.append(payload()) }
        guard !due.members.isEmpty else { return "nothing due in \(source)" }
        let limits = DeadLimits(jobs: 5)
        let command = DueJobs.promoteCommand(due, from: source, deadLimits: limits, limits: Self.limits)
        let real = try DueJobs.answer(redis.call(command))
        let promoted = try model.promote(due, from: source, deadLimits: limits, limits: Self.limits)
        #expect(real.promoted == promoted.promoted)
        #expect(real.buried == promoted.buried)
        #expect(real.troubled.mapValues(\.code) == promoted.troubled.mapValues(\.code))
        return "promote \(due.members.count) of \(source)"
    }

    private func list() throws -> String {
        let leases = try Rescue.leases(redis.pipeline(Rescue.listCommands))
        let expected = model.leaseList()
        #expect(leases.map(\.isOver) == expected.map(\.isOver))
        for identity in Self.identities {
            let reply = try redis.call(ProcessOrigin.command(identity: identity))
            #expect(try ProcessOrigin.read(reply) == model.origins[identity])
        }
        return "list leases"
    }

    /// What is asked before a rescue, so that deaths can be counted in it.
    private func countDeaths(_ identity: String) throws -> String {
        let replies = try redis.pipeline(RunningAtDeath.recordCommands(identity: identity))
        #expect(RunningAtDeath.ownRecord(replies) == model.ownRecord(of: identity))
        // LLEN of a key of another type is a refusal: nothing is counted then.
        let counted = Self.mortals.filter { !model.spoiled.contains(.deaths($0)) }.map {
            CountedDeath(jid: $0, limit: PoisonLimit(), poisoned: [])
        }
        if !counted.isEmpty {
            let counts = try redis.pipeline(RunningAtDeath.countCommands(counted)).map { $0.integer ?? 0 }
            #expect(counts == model.deathCounts(counted))
        }
        return "count deaths of \(identity)"
    }

    /// An exchange of a process that was rescued meanwhile, with all it held: nothing of it may count.
    private func vanish(_ identity: String) throws -> String {
        let held = model.ids(of: identity)
        let report = try rescue(identity)
        guard !held.isEmpty else { return report }
        let settlements = held.map { settlement(of: $0) }
        let request = Exchange.Request(
            identity: identity, settlements: settlements,
            fetches: [.init(capsule: 0, count: 2, steps: [.init(queue: 0, atMost: 9)], queues: Self.queues)],
            firstSequence: sequence, day: day)
        sequence += 2
        let real = try Exchange.answer(redis.call(Exchange.command(request)), to: request)
        let expected = model.exchange(request)
        #expect(real.isRegistered == expected.isRegistered)
        #expect(real.fetched == expected.fetched)
        #expect(real.refusedSettlements == expected.refusedSettlements)
        #expect(real.poisonedSettlements == expected.poisonedSettlements)
        return report + ", then what it had sent"
    }

    /// SCRIPT FLUSH: the next call of each brings the script again.
    private func forgetScripts() throws -> String {
        try redis.call(RedisCommand(["SCRIPT", "FLUSH"])).accepted()
        return "forget scripts"
    }

    /// Memory is full, or not any more. Jobs can be fetched, settled and rescued all the same.
    private func fill() throws -> String {
        model.isFull.toggle()
        try redis.call(RedisCommand(["CONFIG", "SET", "maxmemory", model.isFull ? "1" : "0"])).accepted()
        return model.isFull ? "fill memory" : "give memory"
    }

    /// Gives a key that does not exist another type, or takes it away again.
    private func spoil() throws -> String {
        let place = chance.one(of: Self.places)
        let key = key(place)
        if model.spoiled.remove(place) != nil {
            try redis.call(RedisCommand(["DEL", key])).accepted()
        } else if !model.isFull, try redis.call(RedisCommand(["EXISTS", key])).integer == 0 {
            model.spoiled.insert(place)
            try redis.call(RedisCommand(["SET", key, "of another program"])).accepted()
        }
        return "spoil \(key)"
    }

    func key(_ place: Store.Place) -> String {
        switch place {
        case .retry: Keys.retry
        case .schedule: Keys.schedule
        case .dead: Keys.dead
        case .queue(let name): Keys.queue(name)
        case .deaths(let jid): Keys.deaths(jid)
        }
    }
}
