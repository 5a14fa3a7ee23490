import Configuration
import JobModel
import Platform
import Queueing
import Redis

/// What a worker tells Redis of itself every few seconds: that it is alive, and what Sidekiq's dashboard shows.
struct Heartbeat {
    /// A quarter of the lease: three beats may be lost before others take the jobs.
    static let seconds = 5.0
    static let leaseSeconds = Double(ProcessRegistry.leaseMilliseconds) / 1000

    private let identity: String
    private let origin: ProcessOrigin
    private let info: (Int) -> [UInt8]
    /// In whose form metrics are written.
    private let sidekiq: SidekiqMajor
    /// The bounds of the number of slots, if it is not fixed.
    private let range: ClosedRange<Int>?
    /// With more jobs at once the record is written at every beat only: it holds their payloads.
    private static let mostLively = 100

    /// Seconds since the start, as `isDue` counts them.
    private var age = 0
    private var recordedBusy = 0
    /// Handlers whose processes do not start, in words; nil if all do.
    var failingStarts: String?
    var coreWaits = CoreWaits()
    /// Of the worker and its handlers, when last looked at.
    private(set) var residentKB = 0
    /// How long the last beat took, by which the dashboard judges the way to Redis.
    private var roundTripMicroseconds = 0

    init(_ plan: WorkerPlan) {
        let description = plan.description
        self.init(
            identity: plan.identity, origin: plan.origin, info: { description.with(concurrency: $0).json },
            range: plan.settings.autoConcurrency.map { range in
                let others = plan.settings.slots - plan.settings.concurrency
                return range.minimum + others...range.maximum + others
            }, sidekiq: plan.settings.sidekiq)
    }

    /// - Parameters:
    ///   - info: what the dashboard shows of the process with so many slots in its first capsule, as JSON.
    ///   - range: the bounds of their number; nil if it is fixed.
    init(
        identity: String, origin: ProcessOrigin, info: @escaping (Int) -> [UInt8], range: ClosedRange<Int>? = nil,
        sidekiq: SidekiqMajor = .eight
    ) {
        self.identity = identity
        self.origin = origin
        self.info = info
        self.range = range
        self.sidekiq = sidekiq
    }

    mutating func note(roundTripSeconds: Double) { roundTripMicroseconds = Int(roundTripSeconds * 1e6) }

    /// Asked every second: an idle worker beats every five seconds, one that works every second, so that what the
    /// dashboard and `martlet status` show is no older.
    mutating func isDue(busy: Int, hasMetrics: Bool) -> Bool {
        age += 1
        let isLively = (busy > 0 || recordedBusy > 0 || hasMetrics) && busy <= Self.mostLively
        return isLively || isRegular
    }

    /// Whether this is one of those that an idle worker makes, too: what can wait goes with these.
    var isRegular: Bool { age % Int(Self.seconds) == 0 }

    /// One beat: the lease, the record, which brings an order of the dashboard with it, the metrics, and a comparison of what Redis
    /// holds for us with what we know, since a request may have been carried out long after we had given it up.
    ///
    /// - Parameters:
    ///   - whereabouts: in which process the run of a slot is.
    ///   - resident: measures the memory of the process and its handlers; looks through /proc.
    mutating func questions(
        of state: WorkerState, whereabouts: (Int) -> WorkEntry.Whereabouts?, metrics: [JobClass: ClassMetrics],
        resident: () -> Int, at now: Moment
    ) -> [(RedisQuestion, RedisCommand)] {
        let beat = beat(of: state, whereabouts: whereabouts, resident: resident, at: now)
        let question = RedisQuestion.beat(askedAt: now.boot, registers: false)
        return [(question, ProcessRegistry.command(beat))] + flush(metrics, at: now)
            + [(.ids, OwnReservations.idsCommand(identity: identity))]
    }

    /// The lease and the record.
    mutating func beat(
        of state: WorkerState, whereabouts: (Int) -> WorkEntry.Whereabouts?, resident: () -> Int, at now: Moment
    ) -> ProcessRegistry.Beat {
        var beat = ProcessRegistry.Beat(identity: identity)
        if age % (2 * Int(Self.seconds)) == 0 || residentKB == 0 { residentKB = resident() }
        recordedBusy = state.busy
        beat.record = ProcessRecord(
            info: info(state.capsules[0].limit), concurrency: state.limit, busy: state.busy, beat: now.wall,
            roundTripMicroseconds: roundTripMicroseconds, isQuiet: state.phase != .running, residentKB: residentKB,
            writtenOff: state.writtenOff, hold: state.hold, range: range,
            coreWait: coreWaits.takeShare(), failingStarts: failingStarts)
        beat.work = state.slots.enumerated().compactMap { index, slot in
            slot.occupation.map {
                WorkEntry(
                    slot: String(index), queue: $0.reservation.queue, payload: $0.job.excerpt,
                    startedAt: $0.since.wall, sequence: $0.reservation.id.sequence, whereabouts: whereabouts(index))
            }
        }
        return beat
    }

    /// Makes a process known again whose lease was taken away.
    func registration(at now: Moment) -> (RedisQuestion, RedisCommand) {
        let beat = ProcessRegistry.Beat(identity: identity, origin: origin)
        return (.beat(askedAt: now.boot, registers: true), ProcessRegistry.command(beat))
    }

    /// The last words: metrics, then the end of lease and record.
    func farewell(metrics: [JobClass: ClassMetrics], at now: Moment) -> [(RedisQuestion, RedisCommand)] {
        flush(metrics, at: now) + [(.farewell, ProcessRegistry.deregisterCommand(identity: identity))]
    }

    private func flush(_ metrics: [JobClass: ClassMetrics], at now: Moment) -> [(RedisQuestion, RedisCommand)] {
        ClassMetrics.flushCommands(metrics, at: now.wall, as: sidekiq).map {
            (.statement("the metrics of classes"), $0)
        }
    }
}
