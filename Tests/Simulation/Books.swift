import JobModel
import Queueing

@testable import Worker

/// What one Redis has carried out, noted beside it. A Redis that goes back to an earlier state takes its books back with it:
/// what it has forgotten stands in the books of the one it was before.
final class Books {
    struct Key: Hashable {
        let identity: String
        let id: ReservationID

        var name: String { "\(id) of \(identity)" }
    }

    /// What became of a reservation.
    enum End {
        case none
        case settled(Verdict)
        case rescued
    }

    struct Record {
        let job: Int
        var end = End.none
        var isDeathCounted = false

        var isOpen: Bool { if case .none = end { true } else { false } }
    }

    struct Life {
        var isPushed = false
        /// Acked or dropped.
        var isOver = false
        /// Buried by a verdict, or as poison. What is no job may be promoted straight to the dead set.
        var isBuried = false
        /// At somebody's wish: it is not run any more.
        var isCancelled = false
        /// How far its children are pushed, as the last chunk said.
        var checkpoint: [UInt8]?
        /// At which element its last run was settled; nil if it was not, or if somebody else may have gone on from there.
        var element: Int?
        /// When deaths were counted against it, by Redis' clock, since it was last buried for them.
        var deaths: [Double] = []
    }

    /// Why a process's jobs are given back.
    enum Cause {
        /// The supervisor reaped it, and these were running, if its death was unexplained.
        case declared(running: [UInt64])
        /// A process of this host that is no longer there.
        case gone
        /// Nobody knows more than that its lease was over when this host looked.
        case lease(seenFrom: String)
    }

    private unowned let ledger: Ledger
    private(set) var lives: [Life]
    private(set) var records: [Key: Record] = [:]
    private(set) var processed = 0
    private(set) var failed = 0
    private(set) var poisoned = 0
    private(set) var expired = 0

    init(_ ledger: Ledger, jobs: Int) {
        self.ledger = ledger
        lives = Array(repeating: Life(), count: jobs)
    }

    /// As they stand now, to go on from here.
    func copy() -> Books {
        let books = Books(ledger, jobs: 0)
        books.lives = lives
        books.records = records
        (books.processed, books.failed, books.poisoned) = (processed, failed, poisoned)
        books.expired = expired
        return books
    }

    func pushed(_ job: Int) { lives[job].isPushed = true }

    /// A chunk of a run's children is pushed.
    func streamed(_ chunk: Chunk, of identity: String) {
        let key = Key(identity: identity, id: chunk.id)
        if records[key]?.isOpen != true { ledger.violated("\(key.name) was not reserved when it pushed a chunk") }
        if let job = records[key]?.job { lives[job].checkpoint = Self.checkpoint(of: chunk.after) }
        for child in chunk.children.compactMap({ Workload.number(of: $0.payload) }) {
            if lives[child].isPushed { ledger.violated("job \(child), a streamed child, was pushed twice") }
            pushed(child)
        }
    }

    /// - Parameter isPaused: nobody was to fetch from its queue.
    func fetched(_ id: ReservationID, by identity: String, _ payload: [UInt8], isPaused: Bool) {
        guard let job = Workload.number(of: payload) else { return }
        let key = Key(identity: identity, id: id)
        if isPaused { ledger.violated("\(key.name) was fetched from a paused queue") }
        if records[key] != nil { ledger.violated("\(key.name) was given twice") }
        records[key] = Record(job: job)
    }

    /// Somebody's wish is carried out where the job waits.
    func cancelled(_ payload: [UInt8], isDropped: Bool) {
        guard let job = Workload.number(of: payload) else { return }
        ledger.checkWish(job)
        lives[job].isCancelled = true
        if isDropped { lives[job].isOver = true } else { lives[job].isBuried = true }
    }

    /// - Parameter isAsked: the request that ends with it stood until now.
    func settled(_ settlement: Settlement, of identity: String, isPoison: Bool, isAsked: Bool) {
        let key = Key(identity: identity, id: settlement.id)
        guard let record = records[key] else { return ledger.violated("\(key.name) was settled and never reserved") }
        guard record.isOpen else { return ledger.violated("\(key.name) was settled twice") }
        records[key]?.end = .settled(isPoison ? .bury(payload: []) : settlement.verdict)
        let outcome = ledger.outcome(of: key)
        if !Self.fits(settlement, outcome), !goesOn(record.job, settlement),
            !(ledger.isReopened(key, self) && Self.fits(settlement, nil))
        {
            ledger.violated("\(key.name) ended as \(settlement.verdict) after \(String(describing: outcome))")
        }
        if case .died = outcome, case .retryUnlessPoison = settlement.verdict, !record.isDeathCounted {
            ledger.violated("\(key.name) ended with the death of its handler, which was not counted")
        }
        switch settlement.counts {
        case .nothing: break
        case .succeeded: processed += 1
        case .expired:
            processed += 1
            expired += 1
            ledger.checkExpiry(of: record.job, key, self)
        case .failed:
            processed += 1
            failed += 1
        }
        if let request = settlement.request, request.became != .done {
            ledger.checkWish(record.job)
            if request.became == .unstarted, !isAsked {
                ledger.violated("\(key.name) was cancelled unbegun, and nobody wanted that any more")
            }
            lives[record.job].isCancelled = true
        }
        switch settlement.verdict {
        case .ack, .discard: lives[record.job].isOver = true
        case .bury: lives[record.job].isBuried = true
        case .retry, .retryUnlessPoison, .requeue, .suspend, .snooze: break
        }
        if settlement.verdict == .ack {
            ledger.checkStream(of: record.job, self)
            ledger.checkElements(of: record.job)
        }
        if ledger.workload.jobs[record.job].elements > 0 { noteElement(of: record.job, settlement) }
        checkCheckpoint(of: record.job, key, settlement.verdict)
        for child in settlement.children { pushed(Workload.number(of: child.payload) ?? 0) }
    }

    /// A run goes on there; from now on it may write another.
    func takeElement(of job: Int) -> Int? {
        defer { lives[job].element = nil }
        return lives[job].element
    }

    /// Whoever goes on from there goes on at this element.
    private func noteElement(of job: Int, _ settlement: Settlement) {
        guard case .kept(_, let state) = settlement.iteration else { return }
        lives[job].element = Int(String(decoding: state.cursor, as: UTF8.self)) ?? 0
    }

    /// Whoever writes a payload anew knows how far its children are pushed: from there the job goes on, put back, too.
    private func checkCheckpoint(of job: Int, _ key: Key, _ verdict: Verdict) {
        switch verdict {
        case .retry(_, let payload), .retryUnlessPoison(_, let payload, _), .bury(let payload):
            // As it lies in Redis.
            if payload.isEmpty { return }
            let (written, pushed) = (Self.checkpoint(of: payload), lives[job].checkpoint)
            guard written != pushed else { return }
            let texts = [written, pushed].map { $0.map { String(decoding: $0, as: UTF8.self) } ?? "none" }
            ledger.violated("\(key.name) has the checkpoint \(texts[0]), and its last pushed chunk \(texts[1])")
        case .ack, .discard, .requeue, .suspend, .snooze: return
        }
    }

    private static func checkpoint(of payload: [UInt8]) -> [UInt8]? {
        (try? Job(decoding: payload))?.checkpoint.map(Array.init)
    }

    /// A run that streams may be ended before its chunks are pushed, whatever it says: the job goes on from its checkpoint.
    private func goesOn(_ job: Int, _ settlement: Settlement) -> Bool {
        guard !ledger.workload.jobs[job].chunks.isEmpty, settlement.counts == .nothing else { return false }
        return [.requeue, .snooze(afterSeconds: WorkerState.yieldSeconds)].contains(settlement.verdict)
    }

    private static func fits(_ settlement: Settlement, _ outcome: Outcome?) -> Bool {
        if let request = settlement.request {
            return switch (request.became, settlement.verdict) {
            case (.done, .ack): outcome == .succeeded
            // Also one that had been done, and was not waited for since its children found no room.
            case (.running, .bury), (.running, .discard): outcome != nil
            case (.unstarted, .bury), (.unstarted, .discard): outcome == nil && settlement.counts == .nothing
            default: false
            }
        }
        return switch (settlement.verdict, outcome) {
        case (.ack, .succeeded), (.discard, .discarded), (.discard, .failed), (.retry, .failed), (.bury, .failed),
            (.bury, .dead), (.snooze, .snoozed), (.suspend, .suspended), (.requeue, nil), (.requeue, .interrupted),
            (.retryUnlessPoison, .died), (.bury, .died), (.discard, .died):
            true
        case (.discard, nil): settlement.counts == .expired
        // Without a limit deaths are failures like others.
        case (.retry, .died): true
        case (.bury, nil): settlement.counts == .nothing  // a payload that is no job
        default: false
        }
    }

    func rescued(_ id: ReservationID, of identity: String, because cause: Cause, isPoison: Bool) {
        let key = Key(identity: identity, id: id)
        ledger.note("\(key.name) is rescued")
        guard let record = records[key] else { return ledger.violated("\(key.name) was rescued and never reserved") }
        if !record.isOpen { ledger.violated("\(key.name) was rescued although it was over") }
        records[key]?.end = isPoison ? .settled(.bury(payload: [])) : .rescued
        ledger.checkRescue(of: key, from: self, because: cause, isDeathCounted: record.isDeathCounted)
    }

    // MARK: Deaths

    /// - Parameters:
    ///   - cause: nil if a worker settles with the death of its handler.
    ///   - mayBury: there was something to bury, and a place for it.
    ///   - isPoison: what Redis made of it.
    func counted(
        _ death: CountedDeath, of id: ReservationID, by identity: String, because cause: Cause?, at now: Double,
        mayBury: Bool, isPoison: Bool
    ) {
        let key = Key(identity: identity, id: id)
        guard let record = records[key] else {
            return ledger.violated("\(key.name) was never reserved, and a death is counted for it")
        }
        if !record.isOpen { ledger.violated("\(key.name) was over when a death was counted for it") }
        if record.isDeathCounted { ledger.violated("\(key.name) had its death counted twice") }
        records[key]?.isDeathCounted = true
        ledger.checkDeath(of: key, because: cause)

        lives[record.job].deaths.append(now)
        let last = lives[record.job].deaths.suffix(death.limit.deaths)
        let isTooMany = last.count >= death.limit.deaths && last.first.map { $0 > now - death.limit.seconds } == true
        if isPoison != (isTooMany && mayBury) {
            ledger.violated(
                "job \(record.job) is \(isPoison ? "" : "not ")poison after \(lives[record.job].deaths.count) deaths")
        }
        guard isPoison else { return }
        lives[record.job].isBuried = true
        lives[record.job].deaths = []
        poisoned += 1
    }
}
