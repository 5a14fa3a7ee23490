import JobModel
import Logging
import Platform
import Queueing
import Redis

/// What the scheduler's tasks work with: a connection that is made again when it was lost, and what they are told.
final class SchedulerDesk {
    let deadLimits: DeadLimits
    let poison: PoisonLimit
    let payloadLimits: PayloadLimits
    /// In whose form times are written into payloads.
    let sidekiq: SidekiqMajor
    let log: Logger
    /// What is promised of queues, and how many workers this host has; nil if there is nothing to watch.
    let watch: QueueWatch?
    /// Processes the supervisor has declared dead and that are not rescued yet.
    var dead: [(identity: String, death: WorkerDeath?)] = []

    /// Before this, a lease that is over proves nothing: Redis may have been away for everybody, and workers that live
    /// need a moment to come back and renew.
    private(set) var judgesLeasesFrom = MonotonicTime(nanoseconds: 0)
    private var absences = Absences()
    /// When a task last asked for the connection.
    private var askedAt = MonotonicTime(nanoseconds: 0)

    private let returnSeconds: Double
    private let endpoint: Redis.RedisEndpoint
    private var connection: RedisConnection?
    private var failures = 0
    /// Codes of the refusals that were told since Redis was last there.
    private var refusalsTold: Set<String> = []
    private var nextAttempt = MonotonicTime(nanoseconds: 0)
    private var nextProof = MonotonicTime(nanoseconds: 0)
    private var complaints = Complaints()
    /// Between two questions whether the server is still the master.
    private static let proofSeconds = 2.0

    /// - Parameter returnSeconds: how long workers may take to come back after Redis was away. Without: the longest pause
    ///   between their attempts to connect is 5 s, greeting takes a second beside connecting, and a second for each
    ///   sentinel that may have to be waited for.
    init(
        endpoint: Redis.RedisEndpoint, deadLimits: DeadLimits, poison: PoisonLimit,
        payloadLimits: PayloadLimits = PayloadLimits(), sidekiq: SidekiqMajor = .eight, returnSeconds: Double? = nil,
        watch: QueueWatch? = nil, log: Logger
    ) {
        let sentinels = Double(endpoint.sentinels?.addresses.count ?? 0)
        self.returnSeconds = returnSeconds ?? 6 + endpoint.connectTimeout + sentinels
        self.endpoint = endpoint
        self.deadLimits = deadLimits
        self.poison = poison
        self.payloadLimits = payloadLimits
        self.sidekiq = sidekiq
        self.watch = watch
        self.log = log
    }

    /// What a task finds when it asks for Redis.
    enum Access {
        case connected(RedisConnection)
        /// Not now; it is tried again by itself.
        case away
        /// This server must not be worked with.
        case unfit(String)
    }

    /// The connection, made if need be; blocks for a few seconds at the most, and seldom while Redis is away.
    func access() -> Access {
        if let connection, connection.isOpen {
            askedAt = .now()
            return isMaster(connection) ? .connected(connection) : .away
        }
        connection = nil
        guard MonotonicTime.now() >= nextAttempt else { return .away }
        do throws(RedisError) {
            let new = try RedisConnection.open(endpoint, name: "martlet-scheduler", scripts: Scripts.all)
            if let objection = try ServerFacts.read(new).objection(allowEviction: false) {
                new.close()
                postpone(0.1...5)
                return .unfit("\(endpoint.redacted): \(objection)")
            }
            connection = new
            askedAt = .now()
            if absences.ended(at: askedAt) { judgesLeasesFrom = askedAt.advanced(bySeconds: returnSeconds) }
            nextProof = .now().advanced(bySeconds: Self.proofSeconds)
            return .connected(new)
        } catch {
            failed(error)
            return .away
        }
    }

    /// Asks now and then whether this is still the master. The tasks read much and write only when something is due: on a
    /// demoted master they would find nothing to do, for ever. (A worker needs no such question: its heartbeat writes.)
    private func isMaster(_ connection: RedisConnection) -> Bool {
        let start = MonotonicTime.now()
        guard nextProof <= start else { return true }
        do throws(RedisError) {
            try connection.confirmMaster()
            if let peer = connection.peer, let objection = RedisConnection.objection(to: peer, of: endpoint) {
                throw .refused(objection)
            }
            // Sentinels that do not answer must not take more than a tenth of the time: jobs are due meanwhile.
            let end = MonotonicTime.now()
            nextProof = end.advanced(bySeconds: max(Self.proofSeconds, 10 * end.seconds(since: start)))
            return true
        } catch {
            failed(error)
            return false
        }
    }

    /// The state of the connection, for people.
    var summary: String { connection?.isOpen == true ? "connected" : "away" }

    /// Notes that a task could not do its work. After a refusal the connection is made anew as well, since what refuses
    /// (READONLY, LOADING) may be another server by then.
    func failed(_ error: RedisError) {
        var refusal: RedisRefusal?
        if case .refused(let found) = error { refusal = found }
        let isBarred = refusal?.meaning == .barred
        let isNew = refusal.map { refusalsTold.insert($0.code).inserted } ?? false
        if isBarred {
            complain(of: "access", "Redis does not let the scheduler in; nothing is promoted or rescued", error)
        } else if failures == 0 || isNew {
            log.warning("waiting for Redis; nothing is promoted or rescued", metadata: ["reason": "\(error)"])
        }
        connection?.close()
        connection = nil
        absences.began(at: askedAt)
        postpone(isBarred ? 5...30 : 0.1...5)
    }

    /// Notes that a task has done its work.
    func succeeded() {
        if failures > 0 { log.notice("Redis is back", metadata: ["server": "\(endpoint.redacted)"]) }
        failures = 0
        refusalsTold.removeAll()
        _ = complaints.settle("access")
    }

    /// The first bound doubling to the last.
    private func postpone(_ seconds: ClosedRange<Double>) {
        let pause = min(seconds.upperBound, seconds.lowerBound * Double(1 << min(failures, 6)))
        failures += 1
        nextAttempt = .now().advanced(bySeconds: pause)
    }

    // MARK: Trouble with one thing

    /// Does one thing of several. If Redis refuses just that, say since a key is of another type, it is complained of, and
    /// the rest goes on.
    func attempt(_ what: String, _ body: () throws(RedisError) -> Void) throws(RedisError) {
        do throws(RedisError) {
            try body()
        } catch {
            guard case .refused(let refusal) = error, refusal.meaning == .command else { throw error }
            complain(of: what, "Redis refuses to \(what); it is tried again and again", error)
        }
    }

    /// Logs an error, though not the same more than once a minute.
    func complain(of subject: String, _ message: Logger.Message, _ reason: some CustomStringConvertible) {
        guard complaints.shouldSay(subject, "\(reason)", now: .now()) else { return }
        log.error(message, metadata: ["reason": "\(reason)"])
    }

    /// - Returns: true if it had been complained of and is over now.
    func settle(_ subject: String) -> Bool { complaints.settle(subject) }
}
