import JobModel
import Redis

@testable import Queueing

/// Redis as far as the protocol sees it: each method is what one script or command of Queueing does, in one step.
///
/// `DifferentialTests` compares every method with the real thing.
final class Store {
    /// A key that other programs may have given another type, so that WRONGTYPE is the answer.
    enum Place: Hashable {
        case retry
        case schedule
        case dead
        case queue(QueueName)
        /// Where the deaths of a job are counted, by its jid.
        case deaths(String)
    }

    /// What a process last told of itself.
    struct Record: Equatable {
        var own: RunningAtDeath.OwnRecord
        /// Milliseconds of Redis' clock: the dashboard forgets it then.
        var expires: Int64
    }

    /// Redis' clock, in microseconds since the epoch.
    var clock: Int64
    let breakage: Breakage?
    /// Notes what is carried out, whoever asked and whether or not the answer arrives.
    let books: Books?
    /// By how much this Redis' calendar is wrong, in microseconds.
    var clockOffset: Int64 = 0
    /// Memory is full: what needs more is refused.
    var isFull = false

    /// Payloads; the last one is fetched next.
    var queues: [QueueName: [[UInt8]]] = [:]
    var retry = SortedMembers()
    var schedule = SortedMembers()
    var dead = SortedMembers()
    /// Milliseconds of Redis' clock at which the lease ends.
    var leases: [String: Int64] = [:]
    var origins: [String: ProcessOrigin] = [:]
    var records: [String: Record] = [:]
    var reservations: [String: [ReservationID: [UInt8]]] = [:]
    /// Names of all queues ever pushed to.
    var names: Set<QueueName> = []
    /// Queues from which nobody fetches.
    var paused: Set<QueueName> = []
    var processed = 0
    var failed = 0
    /// jid -> when what ran it died, in seconds.
    var deaths: [String: [Double]] = [:]
    var poisoned = 0
    var expired = 0
    /// jid -> milliseconds of Redis' clock when somebody asked for it to be cancelled.
    var requests: [String: Int64] = [:]
    /// jid -> what became of it.
    var answers: [String: SettledRequest.Became] = [:]
    /// jid -> how far the job has come.
    var iterations: [String: IterationRecord] = [:]
    var spoiled: Set<Place> = []
    /// Broken on purpose: what a fetch took out of Redis, which only its worker remembers.
    var popped: [String: [ReservationID: [UInt8]]] = [:]

    private weak var parent: Store?

    init(clock: Int64, breakage: Breakage? = nil, books: Books? = nil) {
        self.clock = clock
        self.breakage = breakage
        self.books = books
    }

    /// What became of this store is what `copy` was made of, and not of another that has replaced it.
    func isAncestor(of copy: Store) -> Bool { copy.parent === self }

    /// As it is now, to go on from here: what a disk or a replica has of it.
    func copy() -> Store {
        let store = Store(clock: clock, breakage: breakage, books: books?.copy())
        store.parent = self
        (store.queues, store.retry, store.schedule, store.dead) = (queues, retry, schedule, dead)
        (store.leases, store.origins, store.records) = (leases, origins, records)
        (store.reservations, store.names, store.popped) = (reservations, names, popped)
        (store.processed, store.failed, store.deaths, store.poisoned) = (processed, failed, deaths, poisoned)
        store.expired = expired
        (store.requests, store.answers, store.paused) = (requests, answers, paused)
        store.iterations = iterations
        (store.spoiled, store.clockOffset) = (spoiled, clockOffset)
        return store
    }

    var milliseconds: Int64 { clock / 1000 }

    /// Redis' clock in seconds, some of them later, as the scripts write it: to the microsecond.
    func after(_ seconds: Double) -> Double { ((Double(clock) / 1e6 + seconds) * 1e6).rounded() / 1e6 }

    func refusal(_ place: Place) -> RedisRefusal? {
        spoiled.contains(place) ? RedisRefusal(code: "WRONGTYPE", message: "WRONGTYPE \(place)") : nil
    }

    /// LPUSH: behind all others.
    func push(_ payload: [UInt8], to queue: QueueName) {
        names.insert(queue)
        queues[queue, default: []].insert(payload, at: 0)
    }

    /// RPUSH: fetched next.
    func putBack(_ payload: [UInt8], to queue: QueueName) {
        names.insert(queue)
        queues[queue, default: []].append(payload)
    }

    /// A sorted set holds equal members once: twins are told apart by white space, the bits of a number.
    func add(_ payload: [UInt8], to set: WritableKeyPath<Store, SortedMembers>, at score: Double, number: UInt64) {
        var (store, payload, number) = (self, payload, number)
        while !store[keyPath: set].addNew(payload, score) {
            payload.append(number.isMultiple(of: 2) ? UInt8(ascii: " ") : UInt8(ascii: "\t"))
            number /= 2
        }
    }

    func bury(_ payload: [UInt8], number: UInt64) {
        add(payload, to: \.dead, at: after(0), number: number)
    }

    func trimDead(_ limits: DeadLimits) {
        dead.remove(upTo: after(-Double(limits.seconds)))
        dead.keepHighest(limits.jobs)
    }
}
