import JobModel
import Platform
import Queueing

/// Jobs that somebody wants cancelled.
///
/// Requests lie in Redis, and workers read all that stand about once a second. What runs is told to end when its request is
/// read; what is fetched is held against what was read last, when its turn has come, and against Redis when it is settled. The
/// request goes with the settlement. So a job whose worker dies meanwhile is cancelled by the next that fetches it.
extension WorkerState {
    /// All that stand.
    mutating func take(_ standing: [String: Cancellation], at now: Moment) {
        requests = standing
        guard !requests.isEmpty else { return }
        for slot in slots.indices {
            guard case .running(var run) = slots[slot], let jid = run.job.jid,
                let request = requests[jid], run.cancellation == nil
            else { continue }
            run.cancellation = request
            slots[slot] = .running(run)
            if streams[slot]?.result == nil {
                actions.append(.cancel(slot: slot, run.failure(of: request, in: terms.identity)))
            } else {
                cancelStuck(slot)
                concludeIfSettled(slot, at: now)
            }
        }
    }

    /// - Returns: false if nobody wants it cancelled. Otherwise it is on its way to be settled.
    mutating func cancelUnstarted(_ reservation: Reservation, _ job: Job, at now: Moment) -> Bool {
        // Taken out: if the request is gone by now, the job comes back, and is not to go to and fro until the next answer.
        guard let jid = job.jid, let request = requests.removeValue(forKey: jid) else { return false }
        let failure = request.failure(of: job, in: .unstarted(identity: terms.identity))
        let verdict = Verdict.decide(
            .cancelled(failure), for: job, from: reservation.queue, under: terms.policy, now: now.wall, chance: 0,
            storedBacktrace: nil)
        settle(reservation, verdict, counts: .nothing, request: SettledRequest(jid: jid, became: .unstarted))
        actions.append(.tell(.unstarted(job, reservation.queue, failure)))
        return true
    }

    /// A run that is over and waits for room for its children is not waited for if it is cancelled: what is not on its way to
    /// Redis is dropped, and with that it is not done.
    mutating func cancelStuck(_ slot: Int) {
        guard let run = slots[slot].occupation, let request = run.cancellation, let stream = streams[slot],
            stream.result != nil, stream.obstacle != nil
        else { return }
        streams[slot]?.result = RunResult(outcome: .cancelled(run.failure(of: request, in: terms.identity)))
        dropChunks(slot)
    }
}

extension Slot.Occupation {
    func failure(of cancellation: Cancellation, in identity: String) -> Failure {
        cancellation.failure(of: job, in: .running(identity: identity))
    }

    /// What counts of what a run came to. One that was cancelled and is done is done; whatever else became of it, also a failure
    /// of which we hear only now, ends it as cancelled.
    func judge(_ result: RunResult, in identity: String) -> Outcome {
        guard let cancellation, result.outcome != .succeeded else { return result.outcome }
        guard result.hasBegun else {
            return .cancelled(cancellation.failure(of: job, in: .unstarted(identity: identity)))
        }
        if case .cancelled = result.outcome { return result.outcome }
        return .cancelled(failure(of: cancellation, in: identity))
    }

    /// The request that ends with it.
    func settledRequest(_ outcome: Outcome, hasBegun: Bool) -> SettledRequest? {
        guard cancellation != nil, let jid = job.jid else { return nil }
        return SettledRequest(jid: jid, became: outcome == .succeeded ? .done : hasBegun ? .running : .unstarted)
    }
}
