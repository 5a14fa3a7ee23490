import JobModel
import Platform
import Redis

/// One run: virtual time, everything in it, and what goes wrong.
final class World {
    /// Redis as a process: whether it answers at all.
    final class Server {
        var frozenUntil: Int64 = 0
        var refusesUntil: Int64 = 0
        /// Counts restarts: connections do not survive one.
        var life = 0
        var isDown = false
        /// What it holds. A restart may bring back an older state.
        var store: Store

        init(_ store: Store) { self.store = store }
    }

    /// 2026-01-03 12:00 UTC, in microseconds: when the run begins by Redis' clock.
    static let epoch: Int64 = 1_767_441_600_000_000

    let seed: UInt64
    let breakage: Breakage?
    let plan: Plan
    var chance: Chance
    /// Nanoseconds since the run began.
    private(set) var now: Int64 = 0
    var isFaulty = true
    /// The master, or what everybody who connects now takes for it.
    var server: Server { servers[servers.count - 1] }
    private var servers: [Server] = []
    /// A master that was replaced, while somebody still talks to it.
    var deposed: Server?
    /// Since when no fault can have any effect; `.max` before.
    var calmSince = Int64.max
    private(set) var ledger: Ledger!
    private(set) var hosts: [Host] = []
    private(set) var operators: [SimulatedOperator] = []
    /// All that ever were, the dead too.
    var workers: [String: SimulatedWorker] = [:]
    private var heap = EventHeap()
    /// The operations carried out, as a number that differs if anything does.
    private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    private(set) var operations = 0
    private let trace: ((String) -> Void)?

    init(seed: UInt64, breakage: Breakage?, trace: ((String) -> Void)?) {
        self.seed = seed
        self.breakage = breakage
        self.trace = trace
        chance = Chance(seed: seed)
        plan = Plan(&chance, breakage: breakage)
        ledger = Ledger(self)
        servers = [Server(Store(clock: Self.epoch, breakage: breakage, books: ledger.books))]
        hosts = (0..<plan.hosts).map { Host(self, index: $0) }
        operators = (0..<plan.cancellations).map { _ in SimulatedOperator(self) }
    }

    var store: Store { server.store }
    var seconds: Double { Double(now) / 1e9 }

    func note(_ text: @autoclosure () -> String) { trace?("\(seconds) \(text())") }

    // MARK: Time

    func at(_ time: Int64, _ action: @escaping () -> Void) { heap.add(at: max(time, now), action) }

    func after(_ seconds: Double, _ action: @escaping () -> Void) { at(now + Int64(seconds * 1e9), action) }

    /// Lets everything happen that is due before `time`, or until `isOver` says so, asked once in a virtual second.
    func run(until time: Int64, isOver: () -> Bool = { false }) {
        var nextQuestion = now
        while let event = heap.next() {
            now = event.time
            event.action()
            guard now < time, ledger.violations.isEmpty else { return }
            if now >= nextQuestion {
                if isOver() { return }
                nextQuestion = now + 1_000_000_000
            }
        }
    }

    /// One way over the network, in nanoseconds: mostly a fraction of a millisecond.
    func delay() -> Int64 {
        Int64((chance.happens(0.02) ? chance.scale(0.001, 0.2) : chance.between(0.0001, 0.002)) * 1e9)
    }

    // MARK: Redis

    /// Everybody who connects from now on finds another master.
    func replace(_ server: Server) {
        (server.store.spoiled, server.store.paused) = (store.spoiled, store.paused)
        deposed = self.server
        servers.append(server)
        if let books = server.store.books { ledger.forgot(books) }
    }

    /// The same server comes back with less than it had.
    func goBack(to store: Store) {
        (store.spoiled, store.paused) = (server.store.spoiled, server.store.paused)
        server.store = store
        if let books = store.books { ledger.forgot(books) }
    }

    func carryOut(_ call: StoreCall, from host: Host, on server: Server) -> StoreAnswer {
        if server.refusesUntil > now {
            return .refused(RedisRefusal(code: "LOADING", message: "LOADING Redis is loading the dataset in memory"))
        }
        let store = server.store
        store.clock = time(of: store)
        let answer = store.carryOut(call, callersClock: host.wall.milliseconds)
        operations += 1
        digest = (digest ^ UInt64(bitPattern: now)) &* 0x100_0000_01B3
        note("\(host.name) \(call) -> \(answer)")
        if server === self.server, operations.isMultiple(of: 64) { ledger.walk() }
        return answer
    }

    /// What a Redis' clock says, in microseconds since the epoch.
    func time(of store: Store) -> Int64 { Self.epoch + now / 1000 + store.clockOffset }
}
