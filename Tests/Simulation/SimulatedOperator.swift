import JobModel
import Queueing
import Redis

@testable import Worker

/// Somebody who wants jobs cancelled: what `martlet jobs cancel` does, one call at a time.
final class SimulatedOperator {
    private unowned let world: World
    private let cancellation = Cancellation(by: "somebody")
    private var host: Host!
    private var connection: Connection?
    private var open: [Int] = []
    private var misses: [Int: Int] = [:]
    private var seen: Set<Int> = []
    /// Steps of the search that are still to come.
    private var places: ArraySlice<JobPlace> = []
    private var endsAt: Int64 = 0
    private var askedAt: Int64 = .max
    /// A search may say that a job is nowhere if it began late enough.
    private var looksLate = false
    private var calls = 0
    private var isOver = false

    /// Any longer than the daemons wait for an answer.
    private static let answerSeconds = 4.0

    init(_ world: World) { self.world = world }

    /// At some time, also when no fault is left.
    func begin() { world.after(world.chance.between(0, world.plan.faultySeconds + 50)) { [unowned self] in start() } }

    private func start() {
        host = world.chance.one(of: world.hosts)
        // Jobs that run, as far as they can be seen, and others.
        let running = world.hosts.flatMap(\.workers).flatMap { $0.runs.values.map(\.job) }.sorted()
        for _ in 0..<world.chance.integer(1...4) {
            let isSeen = !running.isEmpty && world.chance.happens(0.6)
            let job = isSeen ? world.chance.one(of: running) : world.chance.integer(0...world.plan.jobs - 1)
            if !open.contains(job) { open.append(job) }
        }
        endsAt = world.now + Int64(world.chance.one(of: [0, 2, 10, 30]) * 1e9)
        world.note("somebody wants \(open) cancelled")
        connection = Connection(world, host, onFault: {}, onReset: { [weak self] in self?.giveUp() })
        for job in open { world.ledger.wished(job) }
        call(.request(jids)) { [unowned self] _ in
            askedAt = world.now
            search()
        }
        // Now and then it turns out to be the wrong job.
        guard world.chance.happens(0.2) else { return }
        world.after(world.chance.scale(0.01, 5)) { [unowned self] in withdrawAll() }
    }

    private var jids: [String] { open.map(Ledger.jid) }

    private func withdrawAll() {
        guard !isOver, !open.isEmpty else { return }
        call(.withdraw(jids)) { [unowned self] _ in giveUp() }
    }

    private func giveUp() {
        isOver = true
        connection?.close()
    }

    private func call(_ call: StoreCall, _ answered: @escaping (StoreAnswer) -> Void) {
        guard !isOver, let connection else { return }
        calls += 1
        let number = calls
        connection.send(call) { [weak self] answer in
            guard let self, !isOver, calls == number else { return }
            // A set of another type concerns that set alone.
            if case .refused(let refusal) = answer, refusal.code != "WRONGTYPE" { return giveUp() }
            answered(answer)
        }
        world.after(Self.answerSeconds) { [weak self] in
            guard let self, calls == number else { return }
            giveUp()
        }
    }

    // MARK: Looking everywhere

    private func search() {
        seen.removeAll()
        looksLate = world.now - askedAt >= CancelEffort.patience.components.seconds * 1_000_000_000
        let queues = Workload.queues.prefix(world.plan.queues).map { JobPlace.queue($0) }
        places = ArraySlice([.schedule, .retry] + queues)
        next(thenReserved: true)
    }

    private func next(thenReserved: Bool) {
        if let place = places.popFirst() {
            return call(.look(place)) { [unowned self] answer in
                guard case .payloadsThere(let payloads) = answer else { return next(thenReserved: thenReserved) }
                let found = payloads.filter { Workload.number(of: $0).map(open.contains) ?? false }
                move(found[...], from: place, thenReserved: thenReserved)
            }
        }
        guard thenReserved else { return listen(isAfterSearch: true) }
        call(.leases) { [unowned self] answer in
            if case .leases(let leases) = answer {
                places = ArraySlice(leases.map { .reserved(identity: $0.identity) })
            }
            next(thenReserved: false)
        }
    }

    private func move(_ payloads: ArraySlice<[UInt8]>, from place: JobPlace, thenReserved: Bool) {
        guard let payload = payloads.first, let number = Workload.number(of: payload) else {
            return next(thenReserved: thenReserved)
        }
        let others = payloads.dropFirst()
        seen.insert(number)
        let was: Cancellation.Place
        let queue: QueueName
        switch place {
        case .queue(let name): (was, queue) = (.queue(name), name)
        case .retry: (was, queue) = (.retry, world.ledger.workload.jobs[number].queue)
        case .schedule: (was, queue) = (.schedule, world.ledger.workload.jobs[number].queue)
        case .dead, .reserved: return move(others, from: place, thenReserved: thenReserved)
        }
        guard let job = try? Job(decoding: payload, limits: world.plan.payloadLimits) else {
            return move(others, from: place, thenReserved: thenReserved)
        }
        let buried = CancelledPayload.make(
            job, from: queue, cancellation.failure(of: job, in: was), now: host.wall)
        call(.cancel(payload, Ledger.jid(of: number), place, buried: buried)) { [unowned self] answer in
            if case .cancelled(true) = answer { decide(number, isCancelled: true) }
            move(others, from: place, thenReserved: thenReserved)
        }
    }

    private func decide(_ job: Int, isCancelled: Bool) {
        if isCancelled, let connection { world.ledger.told(cancelled: job, by: connection.books) }
        open.removeAll { $0 == job }
    }

    private func listen(isAfterSearch: Bool = false) {
        call(.answers(jids)) { [unowned self] answer in
            guard case .answers(let answers) = answer else { return giveUp() }
            for (job, jid) in zip(open, jids) {
                guard let became = answers[jid] else { continue }
                decide(job, isCancelled: became != .done)
            }
            if isAfterSearch {
                for job in open { misses[job] = seen.contains(job) ? 0 : misses[job, default: 0] + 1 }
            }
            if looksLate { giveUpMissing() } else { goOn() }
        }
    }

    private func giveUpMissing() {
        let missing = open.filter { misses[$0, default: 0] >= 2 }
        guard !missing.isEmpty else { return goOn() }
        call(.withdraw(missing.map(Ledger.jid))) { [unowned self] _ in
            for job in missing { decide(job, isCancelled: false) }
            goOn()
        }
    }

    private func goOn() {
        guard !open.isEmpty, world.now < endsAt || !looksLate else { return giveUp() }
        world.after(0.5) { [weak self] in self?.search() }
    }
}
