package import JobModel
package import Redis

/// One operator's wish to have some jobs cancelled, wherever they are, carried out over a blocking connection.
///
/// First the requests are written: from then on whoever holds such a job, or fetches it, cancels it. Then what waits is looked
/// for and moved. A job is in exactly one place at every moment, but places are looked at one after the other: so one that was
/// found nowhere is looked for again before that is believed, and not before every worker has read the request.
package struct CancelEffort {
    package enum Result: Equatable, Sendable {
        case cancelled(Cancellation.Place)
        /// Its handler said that it was done, in this process.
        case done(identity: String)
        /// It had been buried before, or somebody else has cancelled it.
        case dead(errorClass: String)
        /// It is nowhere: it was done, was dropped, or has never been.
        case absent
        /// This process holds it; the request stands.
        case held(identity: String)
        /// It is on its way from one place to another; the request stands.
        case moving
    }

    /// So often a job has to be found nowhere.
    private static let roundsToMiss = 2
    /// Not before this time has passed since the request was written. Whoever runs a job reads requests every second, and when
    /// it begins one if its last look is longer ago: a second later no run goes on whose worker does not know of it, but for one
    /// that is cut off.
    package static let patience = Duration.seconds(2)

    private let redis: RedisConnection
    private let cancellation: Cancellation
    private let queues: [QueueName]
    private let deadLimits: DeadLimits
    /// In whose form times are written.
    private let sidekiq: SidekiqMajor
    /// What is decided, by jid.
    package private(set) var results: [String: Result] = [:]
    /// Jobs about which nothing is decided yet, in the order they were asked for.
    package private(set) var open: [String]
    private var misses: [String: Int] = [:]
    private let patience: Duration
    private var asked = ContinuousClock.now
    /// Whether a search has begun after which a job that was found nowhere may be believed to be nowhere.
    package private(set) var hasLookedLate = false
    private var holders: [String: String] = [:]
    /// Places that could not be looked into, and why.
    package private(set) var troubles: [JobPlace: RedisRefusal] = [:]

    /// - Parameters:
    ///   - jids: at most `CancelRequests.most`, each once.
    ///   - queues: looked through beside those that Redis lists.
    ///   - patience: so long after `ask` no job is said to be nowhere.
    package init(
        _ jids: [String], by cancellation: Cancellation, queues: [QueueName] = [],
        deadLimits: DeadLimits = DeadLimits(), sidekiq: SidekiqMajor = .eight,
        patience: Duration = Self.patience, over redis: RedisConnection
    ) {
        open = jids
        self.cancellation = cancellation
        self.queues = queues
        self.deadLimits = deadLimits
        self.sidekiq = sidekiq
        self.patience = patience
        self.redis = redis
    }

    /// Jobs that no process is known to hold: for them it is worth looking again.
    package var hasUnfound: Bool { open.contains { holders[$0] == nil } }

    /// Writes the requests.
    package mutating func ask() throws(RedisError) {
        _ = try redis.call(CancelRequests.askCommand(open, cancellation)).accepted()
        asked = .now
    }

    /// Takes in what workers have answered.
    package mutating func listen() throws(RedisError) {
        guard !open.isEmpty else { return }
        let answers = try CancelRequests.answers(redis.call(CancelRequests.answersCommand(open)), to: open)
        for (jid, answer) in answers {
            switch answer.became {
            case .done: decide(jid, .done(identity: answer.identity))
            case .running: decide(jid, .cancelled(.running(identity: answer.identity)))
            case .unstarted: decide(jid, .cancelled(.unstarted(identity: answer.identity)))
            }
        }
        if !answers.isEmpty { _ = try redis.call(CancelRequests.forgetCommand(Array(answers.keys))).accepted() }
    }

    /// Looks through all places once, and moves what waits in one.
    package mutating func search() throws(RedisError) {
        hasLookedLate = asked.duration(to: .now) >= patience
        var seen: Set<String> = []
        // Also those of which a copy is moved on the way: what was pushed twice lies there twice.
        let wanted = Set(open)
        for place in try JobPlace.waiting(redis, and: queues) {
            for (jid, payload, job) in try find(wanted, in: place) {
                seen.insert(jid)
                try move(jid, payload, job, from: place)
            }
        }
        holders.removeAll()
        for place in try JobPlace.reserved(redis) {
            guard case .reserved(let identity) = place else { continue }
            for (jid, _, _) in try find(Set(open), in: place) {
                seen.insert(jid)
                holders[jid] = identity
            }
        }
        try listen()
        for jid in open { misses[jid] = seen.contains(jid) ? 0 : misses[jid, default: 0] + 1 }
        if hasLookedLate { try giveUpMissing() }
    }

    /// Says of what is still open how it stands. Their requests stand on.
    package mutating func conclude() {
        for jid in open { decide(jid, holders[jid].map { .held(identity: $0) } ?? .moving) }
    }

    private mutating func decide(_ jid: String, _ result: Result) {
        results[jid] = result
        open.removeAll { $0 == jid }
    }

    /// Those that lie in a place. What is no job is buried as it is when it is fetched.
    private mutating func find(
        _ wanted: Set<String>, in place: JobPlace
    ) throws(RedisError) -> [(jid: String, payload: [UInt8], job: Job)] {
        var found: [(jid: String, payload: [UInt8], job: Job)] = []
        guard !wanted.isEmpty else { return [] }
        do throws(RedisError) {
            try place.visit(redis) { payload in
                guard let object = try? JSONObject(scanning: payload), let jid = object.string("jid"),
                    wanted.contains(jid), let job = try? Job(decoding: payload)
                else { return }
                found.append((jid, payload, job))
            }
            troubles[place] = nil
        } catch {
            try passOver(error, at: place)
        }
        return found
    }

    private mutating func move(
        _ jid: String, _ payload: [UInt8], _ job: Job, from place: JobPlace
    ) throws(RedisError) {
        let (was, queue): (Cancellation.Place, QueueName) =
            switch place {
            case .queue(let name): (.queue(name), name)
            case .retry: (.retry, job.declaredQueue ?? .standard)
            default: (.schedule, job.declaredQueue ?? .standard)
            }
        let now = try Timestamp(redisTime: redis.call(RedisCommand("TIME")).accepted()) ?? Timestamp(milliseconds: 0)
        let buried = CancelledPayload.make(
            job, from: queue, cancellation.failure(of: job, in: was), now: now, as: sidekiq)
        do throws(RedisError) {
            let command = CancelRequests.moveCommand(payload, jid: jid, from: place, buried: buried, deadLimits)
            // Not there any more: it has moved on since, and will be met elsewhere.
            guard try redis.call(command).accepted().integer == 1 else { return }
            decide(jid, .cancelled(was))
        } catch {
            try passOver(error, at: place)
        }
    }

    /// A key of another type, or one that may not be touched, concerns that place alone.
    private mutating func passOver(_ error: RedisError, at place: JobPlace) throws(RedisError) {
        guard case .refused(let refusal) = error, refusal.meaning == .command else { throw error }
        troubles[place] = refusal
    }

    /// What was nowhere for long enough is dead or gone; nobody need cancel it any more. If it is put back, or another job has
    /// its jid, that is not to be cancelled by this request.
    private mutating func giveUpMissing() throws(RedisError) {
        let missing = open.filter { misses[$0, default: 0] >= Self.roundsToMiss }
        guard !missing.isEmpty else { return }
        let dead = try find(Set(missing), in: .dead)
        // It may have been settled just now.
        try listen()
        for jid in missing where results[jid] == nil {
            let buried = dead.last { $0.jid == jid }
            decide(jid, buried.map { .dead(errorClass: $0.job.object.string("error_class") ?? "") } ?? .absent)
        }
        try withdraw(missing)
    }

    /// Takes back requests that nobody has answered.
    package func withdraw(_ jids: [String]) throws(RedisError) {
        _ = try redis.call(CancelRequests.withdrawCommand(jids)).accepted()
    }
}
