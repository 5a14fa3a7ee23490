import Insight
import JobModel
import Logging
import Platform
import Queueing
import Redis

/// What comes from Redis, and what is said to it beside the exchange.
extension WorkerLoop {
    func heard(_ news: RedisLink.News) {
        switch news {
        case .up(let leaseEnd):
            if let downSince {
                let seconds = MonotonicTime.now().seconds(since: downSince)
                log.notice(
                    "Redis is back after \(Int(seconds.rounded())) s", metadata: ["server": "\(plan.greeting.server)"])
            }
            downSince = nil
            refusalsTold.removeAll()
            take(.leaseRenewed(until: leaseEnd))
            take(.linkUp)
            if !wasUp {
                tellFigures()
                control.send(.ready)
            }
            wasUp = true
            beat()
        case .down(let error, let retrySeconds):
            costs.linkLost()
            incidents.linkLost()
            take(.linkDown)
            isolations.lostTouch()
            down(because: error, retrySeconds: retrySeconds)
        case .refused(let reason): refused(reason)
        case .answered(let question, let reply): answered(question, reply)
        case .push: take(.woken)
        }
    }

    /// Says it once, and each refusal once: what began as a lost connection may go on as LOADING, or turn out to be a wrong
    /// password, for which waiting will not do.
    private func down(because error: RedisError, retrySeconds: Double) {
        var refusal: RedisRefusal?
        if case .refused(let found) = error { refusal = found }
        let isNew = refusal.map { refusalsTold.insert($0.code).inserted } ?? false
        guard exitStatus == nil, downSince == nil || isNew else { return }
        downSince = downSince ?? .now()
        let metadata: Logger.Metadata = [
            "reason": "\(error)", "retry_in": "\(Int((retrySeconds * 1000).rounded())) ms",
        ]
        if refusal?.meaning == .barred {
            log.error("Redis does not let this worker in; running jobs go on, no other starts", metadata: metadata)
        } else {
            log.warning("waiting for Redis; running jobs go on", metadata: metadata)
        }
    }

    private func refused(_ reason: String) {
        log.error("this Redis is not fit for jobs", metadata: ["reason": "\(reason)"])
        guard !wasUp else { return }  // It was fit once: whoever changed it can change it back.
        control.send(.refused(exitCode: 78, reason: reason))
        exitStatus = 78  // EX_CONFIG
    }

    /// Whether Redis refuses something that no job depends on: work goes on without it, and the log says so now and then.
    private func isRefused(_ what: String, _ reply: RedisReply) -> Bool {
        guard let refusal = reply.refusal, refusal.meaning == .command || refusal.meaning == .barred else {
            return false
        }
        if jobLog.shouldSay(what, refusal.code) {
            log.warning("Redis refuses \(what)", metadata: ["reason": "\(refusal.message)"])
        }
        return true
    }

    private func answered(_ question: RedisQuestion, _ reply: RedisReply) {
        if case .exchange = question {
            progress.answered(isExchange: true)
        } else {
            progress.answered(isExchange: false)
        }
        do throws(RedisError) {
            switch question {
            case .exchange(let request):
                let answer = try Exchange.answer(reply, to: request)
                take(.exchanged(answer))
                // What keeps the whole server from serving us may show at a queue first.
                let refusals = answer.troubledQueues.map(\.refusal)
                if let refusal = refusals.first(where: { $0.meaning == .elsewhere || $0.meaning == .later }) {
                    throw RedisError.refused(refusal)
                }
            case .chunk(let slot, let id): take(.chunked(slot: slot, id, try Chunk.answer(reply)))
            case .iteration(let slot, let id):
                let isRefused = isRefused("how far jobs have come that iterate", reply)
                take(
                    isRefused
                        ? .iterationRefused(slot: slot, id)
                        : .iterationRead(slot: slot, id, try IterationRecord.read(reply)))
            case .iterationWritten(let slot, let id):
                let isRefused = isRefused("to note how far jobs have come that iterate", reply)
                take(
                    isRefused
                        ? .iterationRefused(slot: slot, id)
                        : .iterationWritten(slot: slot, id, try IterationRecord.written(reply)))
            case .beat(let askedAt, let registers):
                beaten(try ProcessRegistry.answer(reply), askedAt: askedAt, registers: registers)
            case .ids: take(.compared(try OwnReservations.ids(reply)))
            case .payloads(let ids): take(.adopted(try OwnReservations.reservations(reply, ids: ids)))
            case .requests:
                if !isRefused("requests to cancel jobs", reply) { take(.requested(try CancelRequests.list(reply))) }
            case .isolated(let round):
                if !isRefused("the list of isolated classes", reply) {
                    heardIsolated(try IsolatedClasses.list(reply), round: round)
                }
            case .isolatedTimes:
                if !isRefused("how often classes were isolated", reply) {
                    isolatedTimes = try IsolatedClasses.times(reply)
                }
            case .statement(let what):
                _ = isRefused(what, reply)
            case .depth(let isLast): slotMeter?.noteDepth(reply.integer ?? 0, isLast: isLast)
            case .costs(let number):
                costs.answered(number, refusal: reply.refusal)
                _ = isRefused("what runs cost", reply)
            case .incidents(let count):
                incidents.answered(count)
                _ = isRefused("memory incidents", reply)
            case .farewell: take(.deregistered)
            }
        } catch {
            switch error {
            case .refused(let refusal): link.giveUp(refusal)
            case .lost, .timedOut: link.giveUp(RedisRefusal(code: "ERR", message: error.description))
            }
        }
    }

    private func beaten(_ answer: ProcessRegistry.BeatAnswer, askedAt: MonotonicTime, registers: Bool) {
        heartbeat.note(roundTripSeconds: MonotonicTime.bootTime().seconds(since: askedAt))
        if answer.wasKnown || registers {
            take(.leaseRenewed(until: askedAt.advanced(bySeconds: Heartbeat.leaseSeconds)))
        } else {
            log.warning("taken for dead: the jobs reserved here were given to others; registering again")
            take(.leaseTaken)
        }
        if let trouble = answer.trouble, jobLog.shouldSay("the process record", trouble.code) {
            log.warning("Redis refuses the process record", metadata: ["reason": "\(trouble.message)"])
        }
        if let signal = answer.signal { ordered(signal) }
    }

    /// An order from the dashboard, by the name of a signal: whatever is unknown is left alone.
    private func ordered(_ name: String) {
        guard let signal = WorkerSignals.all.first(where: { $0.name == "SIG\(name)" }) else { return }
        log.notice("\(signal.name) ordered from the dashboard")
        follow(signal)
    }

    func beat() {
        guard link.isUp else { return }
        heartbeat.failingStarts = failingStarts
        let questions = heartbeat.questions(
            of: state, whereabouts: whereabouts, metrics: tally.takeMetrics(), resident: Self.residentKB, at: now)
        for question in questions { link.ask(question) }
        askForRequests()
        askIsolated()
        if heartbeat.isRegular { sendCosts() }
        link.flush()
    }

    /// Which jobs somebody wants cancelled.
    func askForRequests() {
        guard link.isUp else { return }
        requestsAskedAt = now.boot
        link.ask(.requests, CancelRequests.listCommand)
    }

    /// Says farewell. How long the answer is waited for is the state's business.
    func deregister() {
        sendCosts(isLast: true)
        for question in heartbeat.farewell(metrics: tally.takeMetrics(), at: now) { link.ask(question) }
    }

    private func sendCosts(isLast: Bool = false) {
        for parcel in costs.parcels(from: &tally, at: now.wall, isLast: isLast) {
            link.ask(.costs(parcel.number), parcel.command)
        }
        let news = incidents.take()
        guard !news.isEmpty else { return }
        var commands = MemoryIncident.recordCommands(news)
        let push = commands.removeFirst()
        link.ask(.incidents(news.count), push)
        for command in commands { link.ask(.statement("memory incidents"), command) }
    }
}
