/// What is known of a campaign when it is over, written down by the producer, by the handlers and by whoever did the
/// harm; never by the service. `LedgerCheck` judges it.
///
/// Times are seconds of CLOCK_MONOTONIC unless they are said to be of the day.
struct Ledgers: Sendable {
    /// A worker's lease; whoever is away for less is not taken for dead.
    static let leaseSeconds = 20.0

    /// The first ledger: what was pushed.
    struct Push: Sendable {
        var name: JobName
        var kind: ChaosJob.Kind
        var fingerprint: UInt64
        /// Of the day, for those that went into the schedule.
        var due: Double?
        /// Redis answered. Otherwise the job may be there or not.
        var isAcknowledged: Bool
    }

    /// The second ledger: one run of a job, as its handler saw it.
    struct Run: Sendable, Equatable {
        enum Outcome: UInt8, Sendable {
            case done = 100  // d
            case failed = 102  // f
            case dead = 120  // x
        }

        var name: JobName
        var attempt: Int
        var host: Deed.HostName
        /// Pids as they are seen on that host.
        var worker: Int32
        var handler: Int32
        var startedAt: Double
        /// Of the day.
        var startedOn: Double
        var fingerprint: UInt64
        var endedAt: Double?
        var endedOn: Double?
        var outcome: Outcome?
    }

    /// The third ledger: what Redis holds when everything has come to rest.
    struct Final: Sendable {
        /// Queues, sets and reservations each job is in. Members that are no job of the campaign count as strays.
        var places: [JobName: [String]] = [:]
        /// Of those in the dead set: buried since what ran it died too often.
        var poisoned: Set<JobName> = []
        var processed = 0
        var failed = 0
        var poisonedCount = 0
        /// Keys that have neither an owner nor a time to live; processes that are left; descriptors that are left open.
        var strays: [String] = []
    }

    /// A deed that was done, and what it may excuse.
    struct Hit: Sendable {
        /// Whose jobs may run once more because of it.
        enum Scope: Hashable, Sendable {
            case nobody
            case handler(Deed.HostName, Int32)
            case worker(Deed.HostName, Int32)
            case host(Deed.HostName)

            func covers(_ run: Run) -> Bool {
                switch self {
                case .nobody: false
                case .handler(let host, let pid): run.host == host && run.handler == pid
                case .worker(let host, let pid): run.host == host && run.worker == pid
                case .host(let host): run.host == host
                }
            }
        }

        var title: String
        var at: Double
        /// When it was over: thawed, started again, back in reach.
        var until: Double
        var scope: Scope = .nobody
        /// Hosts whose way to Redis, or whose scheduler or supervisor, it disturbs.
        var disturbs: Set<Deed.HostName> = []
        /// It strikes workers on the way to Redis and leaves those alone who rescue.
        var sparesRescue = false
        /// The most jobs that can have been under way in its scope.
        var mostRuns = 0
        /// The worker that stood still meanwhile, also if not for so long that its jobs may run once more.
        var frozen: Scope = .nobody
        /// Its victims go on where they stood: their handlers may still work on what others were given.
        var isFreeze = false
        var isKill = false
        /// Whoever cannot do as he is told, since he is frozen or cut off, is killed in the end.
        var isStop = false
    }

    /// A host whose daemon had ended in good order, from then until it was started again.
    struct Silence: Sendable {
        var host: Deed.HostName
        var from: Double
        var until: Double
    }

    var pushed: [Push] = []
    var runs: [Run] = []
    var hits: [Hit] = []
    var silences: [Silence] = []
    var final = Final()
    /// From then on jobs were not waited for: what lay in the retry set was made due. Infinite if that was never done.
    var hurriedFrom = Double.infinity
    /// Lines of the second ledger that could not be read.
    var unreadable: [String] = []
}
