import JobModel
import Platform
import Queueing

@testable import Worker

/// What RedisLink, RedisGreeting and WorkerLoop+Redis do: connect, ask in order, give up, come back.
extension SimulatedWorker {
    enum Question {
        case exchange(Exchange.Request)
        case chunk(Int, ReservationID)
        case iteration(Int, ReservationID)
        case iterationWritten(Int, ReservationID)
        case beat(askedAt: MonotonicTime, registers: Bool)
        case ids
        case payloads
        case requests
        case farewell
    }

    struct Asked {
        let number: Int
        let question: Question
        let deadline: Int64
    }

    struct Link {
        var connection: Connection?
        var asked: ArraySlice<Asked> = []
        var questions = 0
        var attempts = 0
        var failures = 0
        var isListening = false
        var isTold = false
        /// When something last came from Redis: one that answers late answers still.
        var movedAt = Int64.min / 2
        /// How long to be stopped at the next fetch.
        var pausesAtFetch: Double?
    }

    private static let answerSeconds = 3.0

    // MARK: Connecting

    /// The greeting registers; only then there is a link.
    func connect() {
        guard link.connection == nil else { return }
        link.attempts += 1
        let attempt = link.attempts
        guard !world.server.isDown, host.partitionedUntil <= world.now else {
            noteFault()
            return after(world.chance.scale(0.001, 3), .descriptor) { [unowned self] in failed(attempt) }
        }
        let connection = Connection(
            world, host, onFault: { [weak self] in self?.noteFault() },
            onReset: { [weak self] in self?.deliver(.descriptor) { self?.reset(attempt) } })
        let askedAt = host.boot
        connection.send(.beat(ProcessRegistry.Beat(identity: identity, origin: origin))) { [weak self] answer in
            self?.deliver(.descriptor) { [weak self] in
                guard case .beat = answer else { return self?.failed(attempt) ?? () }
                self?.greeted(connection, attempt, askedAt)
            }
        }
        after(Self.answerSeconds, .descriptor) { [unowned self] in failed(attempt) }
    }

    private func greeted(_ connection: Connection, _ attempt: Int, _ askedAt: MonotonicTime) {
        guard attempt == link.attempts, link.connection == nil else { return connection.close() }
        link.connection = connection
        books = connection.books
        hasGivenUp = false
        renew(askedAt)
        take(.linkUp)
        if world.breakage == .comparedWhenUncertain, state.uncertain.isEmpty { take(.compared(known)) }
        beat()
    }

    private func failed(_ attempt: Int) {
        guard attempt == link.attempts, link.connection == nil else { return }
        retry()
    }

    private func reset(_ attempt: Int) {
        guard attempt == link.attempts else { return }
        if link.connection == nil { failed(attempt) } else { lost() }
    }

    func lost() {
        guard let connection = link.connection else { return }
        world.note("\(identity) gives its connection up")
        connection.close()
        link.connection = nil
        link.asked.removeAll()
        link.isListening = false
        if world.breakage == .lostSettlementForgotten, state.inFlight?.settlements.isEmpty == false {
            take(.exchanged(Exchange.Answer()))
        }
        loseStreams()
        retry()
    }

    private func retry() {
        link.attempts += 1  // Whatever the last attempt still says is not heard.
        let longest = if case .stopping(let deadline) = state.phase, deadline != .never { 0.25 } else { 5.0 }
        let ceiling = min(longest, 0.1 * Double(1 << min(link.failures, 6)))
        link.failures += 1
        take(.linkDown)
        after(ceiling * world.chance.between(0.5, 1), .timer) { [unowned self] in connect() }
    }

    // MARK: Asking

    func ask(_ question: Question, _ call: StoreCall) {
        guard let connection = link.connection else { return }
        link.questions += 1
        let number = link.questions
        let deadline = world.now + Int64(Self.answerSeconds * 1e9)
        link.asked.append(Asked(number: number, question: question, deadline: deadline))
        if case .exchange(let request) = call, request.fetch > 0 { pauseIfDue(connection) }
        connection.send(call) { [weak self] answer in
            self?.deliver(.descriptor) { [weak self] in self?.heard(answer, number, connection) }
        }
    }

    /// The worst moment to be stopped is around a fetch: with the request still in hand, or with the answer on its way.
    private func pauseIfDue(_ connection: Connection) {
        guard let seconds = link.pausesAtFetch else { return }
        link.pausesAtFetch = nil
        if world.chance.happens(0.5) { connection.hold(forSeconds: seconds) }
        pause(forSeconds: seconds)
    }

    func checkTime() {
        let patience = Int64(Self.answerSeconds * 1e9)
        guard let first = link.asked.first, first.deadline <= world.now, link.movedAt + patience <= world.now else {
            return
        }
        guard world.breakage == .lateReplyTaken, link.connection?.isSlow == true else { return lost() }
        link.asked.removeAll()
        take(.linkDown)
        take(.linkUp)
        take(.compared(known))
    }

    private func heard(_ answer: StoreAnswer, _ number: Int, _ connection: Connection) {
        guard link.connection === connection else { return }
        link.movedAt = world.now
        guard let first = link.asked.first, first.number == number else {
            if world.breakage == .lateReplyTaken { mistake(answer) }
            return
        }
        link.asked.removeFirst()
        switch (first.question, answer) {
        case (.iteration(let slot, let id), .iteration(let record)):
            take(.iterationRead(slot: slot, id, record))
        case (.iterationWritten(let slot, let id), .iterationWritten(let what)):
            take(.iterationWritten(slot: slot, id, what))
        case (.iterationWritten(let slot, let id), .refused): take(.iterationRefused(slot: slot, id))
        case (_, .refused): lost()
        case (.exchange, .exchange(let answer)):
            link.failures = 0
            take(.exchanged(answer))
        case (.chunk(let slot, let id), .chunk(let answer)): take(.chunked(slot: slot, id, answer))
        case (.beat(let askedAt, let registers), .beat(let answer)):
            if answer.wasKnown || registers {
                renew(askedAt)
            } else if world.breakage != .lostLeaseIgnored {
                take(.leaseTaken)
            }
        case (.ids, .ids(let ids)): take(.compared(seen(ids)))
        case (.payloads, .payloads(let reservations)): take(.adopted(reservations))
        case (.requests, .requests(let requests)): heard(requests)
        case (.farewell, .deregistered): take(.deregistered)
        default: preconditionFailure("answers come in the order of questions")
        }
    }

    /// Broken on purpose: an answer nobody waits for any more is taken for that of the exchange under way.
    private func mistake(_ answer: StoreAnswer) {
        guard case .exchange(var answer) = answer, let request = state.inFlight else { return }
        answer.fetched = answer.fetched.enumerated().map { index, job in
            let sequence = request.firstSequence + UInt64(index)
            return Reservation(id: ReservationID(sequence: sequence, queue: job.queue), payload: job.payload)
        }
        guard !request.fetches.isEmpty else { return take(.exchanged(Exchange.Answer())) }
        answer.counts = [answer.fetched.count] + request.fetches.dropFirst().map { _ in 0 }
        take(.exchanged(answer))
    }

    private func renew(_ askedAt: MonotonicTime) {
        leaseEnd = askedAt.advanced(bySeconds: Heartbeat.leaseSeconds)
        leaseBooks = books
        let isIgnored = world.breakage == .leaseIgnored
        take(.leaseRenewed(until: isIgnored ? leaseEnd.advanced(bySeconds: 1000) : leaseEnd))
    }

    /// What the state is told of the ids Redis holds, which is broken on purpose in two ways.
    private func seen(_ ids: [ReservationID]) -> [ReservationID] {
        switch world.breakage {
        case .popInsteadOfMove: known
        case .lostFetchForgotten: ids.filter(Set(known).contains)
        default: ids
        }
    }

    private var known: [ReservationID] {
        let settlements = state.pending + state.blocked + state.interrupted + (state.inFlight?.settlements ?? [])
        return state.waitingIDs + settlements.map(\.id) + state.slots.compactMap { $0.occupation?.reservation.id }
    }

    // MARK: Beside the exchange

    func beat() {
        guard link.connection != nil else { return }
        hasMetrics = false
        var beat = heartbeat.beat(of: state, whereabouts: { _ in nil }, resident: { 0 }, at: now)
        if world.breakage == .reservedCountsAsRunning, beat.record != nil { beat.work += waitingWork }
        ask(.beat(askedAt: host.boot, registers: false), .beat(beat))
        askForRequests()
        if world.breakage == .comparedOnce || world.breakage == .comparedWhenUncertain { return }
        ask(.ids, .ids(identity))
    }

    func askForRequests() {
        requestsAskedAt = host.boot
        ask(.requests, .requests)
    }

    private func heard(_ requests: [String: Cancellation]) {
        take(.requested(requests))
        if world.breakage == .requestNotRemembered { take(.requested([:])) }
    }

    private var waitingWork: [WorkEntry] {
        state.waitingIDs.map {
            WorkEntry(slot: "", queue: $0.queue, payload: [], startedAt: now.wall, sequence: $0.sequence)
        }
    }

    func register() {
        let beat = ProcessRegistry.Beat(identity: identity, origin: origin)
        ask(.beat(askedAt: host.boot, registers: true), .beat(beat))
    }

    func deregister() {
        hasGivenUp = true
        ask(.farewell, .deregister(identity))
    }

    /// The answer to beginning to listen is told like a push.
    func listen(_ isOn: Bool) {
        guard link.connection != nil else { return }
        link.isListening = isOn
        if isOn { pushed() }
    }

    /// A queue was written to.
    func pushed() {
        guard link.isListening, !link.isTold else { return }
        link.isTold = true
        after(0.001, .descriptor) { [unowned self] in
            link.isTold = false
            take(.woken)
        }
    }
}
