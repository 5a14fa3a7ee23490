import JobModel
import Logging
import Platform
import Queueing
import Redis

/// What the scheduler's tasks work with: a connection that is made again when it was lost, and what they are told.
final class SchedulerDesk {
    let deadLimits: DeadLimits
    let poison: PoisonLimit
    let log: Logger
    /// Processes the supervisor has declared dead and that are not rescued yet.
    var dead: [(identity: String, death: WorkerDeath?)] = []
    /// Sets of due jobs whose keys are of another type: said once.
    var unusable: Set<DueJobs.Source> = []

    /// Before this, a lease that is over proves nothing: Redis may have been away for everybody, and workers that live
    /// need a moment to come back and renew.
    private(set) var judgesLeasesFrom = MonotonicTime(nanoseconds: 0)

    private let returnSeconds: Double
    private let endpoint: Redis.RedisEndpoint
    private var connection: RedisConnection?
    private var failures = 0
    private var nextAttempt = MonotonicTime(nanoseconds: 0)
    private var nextProof = MonotonicTime(nanoseconds: 0)
    /// Between two questions whether the server is still the master.
    private static let proofSeconds = 2.0

    /// - Parameter returnSeconds: how long workers may take to come back after Redis was away. Without: the longest pause
    ///   between their attempts to connect is 5 s, greeting takes a second beside connecting, and a second for each
    ///   sentinel that may have to be waited for.
    init(
        endpoint: Redis.RedisEndpoint, deadLimits: DeadLimits, poison: PoisonLimit, returnSeconds: Double? = nil,
        log: Logger
    ) {
        let sentinels = Double(endpoint.sentinels?.addresses.count ?? 0)
        self.returnSeconds = returnSeconds ?? 6 + endpoint.connectTimeout + sentinels
        self.endpoint = endpoint
        self.deadLimits = deadLimits
        self.poison = poison
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
            return isMaster(connection) ? .connected(connection) : .away
        }
        connection = nil
        guard MonotonicTime.now() >= nextAttempt else { return .away }
        do throws(RedisError) {
            let new = try RedisConnection.open(endpoint, name: "martlet-scheduler", scripts: Scripts.all)
            if let objection = try ServerFacts.read(new).objection(allowEviction: false) {
                new.close()
                postpone()
                return .unfit("\(endpoint.redacted): \(objection)")
            }
            if failures > 0 { log.notice("Redis is back", metadata: ["server": "\(endpoint.redacted)"]) }
            failures = 0
            connection = new
            judgesLeasesFrom = .now().advanced(bySeconds: returnSeconds)
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

    /// Notes that a task could not do its work. Said once; after a refusal the connection is made anew as well, since what
    /// refuses (READONLY, LOADING) may be another server by then.
    func failed(_ error: RedisError) {
        if failures == 0 {
            log.warning("waiting for Redis; nothing is promoted or rescued", metadata: ["reason": "\(error)"])
        }
        connection?.close()
        connection = nil
        postpone()
    }

    /// 0.1 s doubling to 5 s.
    private func postpone() {
        let seconds = min(5, 0.1 * Double(1 << min(failures, 6)))
        failures += 1
        nextAttempt = .now().advanced(bySeconds: seconds)
    }
}
