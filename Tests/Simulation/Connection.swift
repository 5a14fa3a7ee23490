import Redis

/// One connection of a process to Redis, over a network that may fail at every request.
///
/// Requests arrive in their order and are answered in it, as TCP has it; so one that is lost takes all that follow with
/// it, until the process gives the connection up.
final class Connection {
    /// What becomes of requests from now on.
    private enum Fate {
        case whole
        /// They never arrive.
        case deaf
        /// They are carried out, and the answers are lost.
        case mute
        /// They are carried out at this time, whether or not anybody still waits: bytes in the buffer of a stopped
        /// machine, or of a server that was busy.
        case late(Int64)
    }

    private unowned let world: World
    private unowned let host: Host
    /// The server that was connected to, and its life: what lies in its buffers dies with it.
    let server: World.Server
    private let life: Int
    /// What is noted of what it carries out.
    let books: Books
    private let onReset: () -> Void
    private let onFault: () -> Void
    private var fate = Fate.whole
    private var lastArrival: Int64 = 0
    private var lastAnswer: Int64 = 0
    /// What has arrived and is not carried out yet.
    private var line: ArraySlice<() -> Void> = []
    /// False once the process gave it up or was told that it is gone.
    private(set) var isOpen = true

    /// - Parameters:
    ///   - onReset: the other end is gone, and this one has noticed.
    ///   - onFault: something was done to this connection that excuses its process from being in time.
    init(_ world: World, _ host: Host, onFault: @escaping () -> Void, onReset: @escaping () -> Void) {
        self.world = world
        self.host = host
        self.onFault = onFault
        self.onReset = onReset
        server = world.server
        life = server.life
        books = world.ledger.books
    }

    /// Whether answers still come, however late.
    var isSlow: Bool { if case .whole = fate { true } else { false } }

    /// Requests under way are still carried out.
    func close() { isOpen = false }

    /// What is sent from now on leaves later: its process was stopped before it could write.
    func hold(forSeconds seconds: Double) { lastArrival = max(lastArrival, world.now + Int64(seconds * 1e9)) }

    /// - Parameter answered: called once at the most, never after `close`.
    func send(_ call: StoreCall, _ answered: @escaping (StoreAnswer) -> Void) {
        tempt()
        var arrival = max(lastArrival, world.now + world.delay(), server.frozenUntil)
        var isAnswered = true
        switch fate {
        case .whole: break
        case .deaf: return
        case .mute: isAnswered = false
        case .late(let time):
            arrival = max(arrival, time)
            isAnswered = false
        }
        lastArrival = arrival
        world.at(arrival) { [self] in
            line.append { [self] in arrive(call, isAnswered, answered) }
            drain()
        }
    }

    /// Carries out what has arrived, in its order. A server that began to refuse or froze meanwhile does so to what arrives now.
    private func drain() {
        guard server.frozenUntil <= world.now else { return world.at(server.frozenUntil) { [self] in drain() } }
        while let next = line.popFirst() { next() }
    }

    private func arrive(_ call: StoreCall, _ isAnswered: Bool, _ answered: @escaping (StoreAnswer) -> Void) {
        guard life == server.life, !server.isDown else { return }
        let answer = world.carryOut(call, from: host, on: server)
        guard isAnswered else { return }
        lastAnswer = max(lastAnswer, world.now + world.delay())
        world.at(lastAnswer) { [self] in
            if isOpen { answered(answer) }
        }
    }

    /// The other end closed it, or a box between lost its memory; noticed at once, soon, or only by a time-out.
    func reset() {
        guard isOpen else { return }
        onFault()
        if case .whole = fate { fate = world.chance.happens(0.5) ? .deaf : .mute }
        guard world.chance.happens(0.7) else { return }
        world.after(world.chance.scale(0.001, 1)) { [self] in
            guard isOpen else { return }
            isOpen = false
            onReset()
        }
    }

    private func tempt() {
        guard case .whole = fate else { return }
        if host.partitionedUntil > world.now {
            onFault()
            fate = world.chance.happens(0.5) ? .deaf : .late(host.partitionedUntil)
            return
        }
        guard world.isFaulty, world.chance.happens(world.plan.networkFaults) else { return }
        onFault()
        switch world.chance.integer(0...4) {
        case 0: fate = .deaf
        case 1: fate = .mute
        case 2: fate = .late(world.now + Int64(world.chance.scale(0.1, 40) * 1e9))
        case 3:
            // Slow, but whole. What is held already does not overtake anything.
            lastArrival = max(lastArrival, world.now + Int64(world.chance.scale(0.05, 40) * 1e9))
        default: reset()
        }
    }
}
