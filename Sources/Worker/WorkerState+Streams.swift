import JobModel
import Platform
import Queueing
import Redis

/// Runs that stream their children: each chunk goes to Redis together with a checkpoint, in one step, and the job goes on
/// from there whatever happens.
///
/// What makes every child be enqueued exactly once: the payload in Redis says which chunks are enqueued; it is what is
/// compared before a chunk is carried out, and what the next attempt is given. So whoever writes that payload anew, as a
/// retry does, must not do so before it is known what became of the chunk that was on its way.
extension WorkerState {
    /// How long an organiser that made room for its children stays away, in seconds.
    static let yieldSeconds = 10.0

    mutating func pushed(_ slot: Int, _ chunk: StreamedChunk) {
        guard let run = slots[slot].occupation, !run.isCut else { return }
        streams[slot, default: ChunkStream()].append(chunk)
        if run.isFenced { cut(slot) }
    }

    /// Redis answered a chunk. The run it belongs to may be over: it was interrupted.
    mutating func chunked(_ slot: Int, _ id: ReservationID, _ answer: Chunk.Answer, at now: Moment) {
        guard case .running(var run) = slots[slot], run.reservation.id == id, let next = streams[slot]?.sent else {
            return
        }
        switch answer {
        case .pushed:
            run.job = next
            run.reservation = Reservation(id: id, payload: next.payload)
            slots[slot] = .running(run)
            streams[slot]?.settleFirst()
            if streams[slot]?.isEmpty == true { iterations[slot]?.catchUp() }
            concludeIfSettled(slot, at: now)
        case .gone:
            actions.append(.tell(.taken([id])))
            fence(slot)
            cut(slot)
            concludeIfSettled(slot, at: now)
        case .deep(let queue, let jobs): refused(slot, id, .deep(queue, jobs: jobs), at: now)
        case .blocked(let refusal): refused(slot, id, .blocked(refusal.message), at: now)
        }
    }

    private mutating func refused(
        _ slot: Int, _ id: ReservationID, _ obstacle: ChunkStream.Obstacle, at now: Moment
    ) {
        actions.append(.tell(.held(id, obstacle)))
        streams[slot]?.refuseFirst(obstacle, at: now.boot)
        if streams[slot]?.result.map({ !$0.outcome.keepsChunks }) == true { dropChunks(slot) }
        cancelStuck(slot)
        concludeIfSettled(slot, at: now)
    }

    /// The run in a slot is over; its result may have to wait for its chunks.
    mutating func ran(_ slot: Int, _ result: RunResult, at now: Moment) {
        if slots[slot].occupation?.isCut == true {
            conclude(slot, RunResult(outcome: .interrupted), at: now)
            return
        }
        // What goes back goes back with the payload that Redis has, whichever that is. Anything else may write it anew.
        let outcome = slots[slot].occupation?.judge(result, in: terms.identity) ?? result.outcome
        if streams[slot] != nil, outcome != .interrupted {
            streams[slot]?.result = result
            // What was not done need not have all its children; the next attempt pushes them.
            if !outcome.keepsChunks { dropChunks(slot) }
            cancelStuck(slot)
            if streams[slot]?.isEmpty == false { return }
        }
        let result = streams[slot]?.result ?? result
        streams[slot] = nil
        conclude(slot, result, at: now)
    }

    /// Drops what cannot have reached Redis.
    mutating func dropChunks(_ slot: Int) {
        streams[slot]?.keepOnlyDoubtful()
        iterations[slot]?.fallBack()
    }

    /// The run is to end without its chunks: it goes back, to go on from its checkpoint.
    private mutating func cut(_ slot: Int) {
        guard case .running(var run) = slots[slot], let stream = streams[slot] else { return }
        run.isCut = true
        slots[slot] = .running(run)
        iterations[slot]?.fallBack()
        if stream.result == nil {
            streams[slot] = nil
            actions.append(.interrupt(slot: slot))
            if stream.isHeld { actions.append(.hold(slot: slot, false)) }
        } else {
            streams[slot] = ChunkStream(result: RunResult(outcome: .interrupted))
        }
    }

    mutating func concludeIfSettled(_ slot: Int, at now: Moment) {
        guard let stream = streams[slot], stream.isEmpty, let result = stream.result,
            let run = slots[slot].occupation
        else { return }
        streams[slot] = nil
        let verdict = conclude(slot, result, at: now)
        actions.append(.concluded(slot: slot, run, latestOutcome ?? result.outcome, verdict))
    }

    // MARK: What follows

    /// Chunks that can be sent, and processes that have written enough for now.
    mutating func followStreams(_ now: Moment) {
        guard !streams.isEmpty else { return }
        // A dictionary's order is another in each process, and what is done should not depend on it.
        let open = streams.keys.sorted()
        endAtStop(open, now)
        makeRoom(open, now)
        let isCrowded = streams.values.reduce(0) { $0 + $1.bytes } >= ChunkStream.mostBytesTogether
        for slot in open {
            guard let stream = streams[slot] else { continue }
            let isFull = stream.isFull(isCrowded: isCrowded)
            if stream.isHeld != isFull, stream.result == nil {
                streams[slot]?.isHeld = isFull
                actions.append(.hold(slot: slot, isFull))
            }
            if stream.isEmpty { streams[slot] = nil }
            guard isLinked, !isComparing, let chunk = stream.next(at: now.boot), let run = slots[slot].occupation else {
                continue
            }
            send(chunk, of: run, in: slot)
        }
    }

    private mutating func send(_ chunk: StreamedChunk, of run: Slot.Occupation, in slot: Int) {
        guard let after = try? run.job.afterChunk(chunk.checkpoint, limits: terms.payloadLimits) else {
            preconditionFailure("a chunk is accepted only if its job can be run with it")
        }
        streams[slot]?.send(as: after)
        let message = Chunk(
            id: run.reservation.id, before: run.job.payload, after: after.payload, children: chunk.children)
        actions.append(.stream(slot: slot, message))
    }

    /// Whoever stops does not wait for room for children: the run goes back, and another worker takes it up at its checkpoint.
    /// With it end the other runs of its process, so these are given what time there is, unless they are stuck as well. At the
    /// deadline one that is done, and was refused once, goes back, too.
    private mutating func endAtStop(_ open: [Int], _ now: Moment) {
        guard case .stopping(let deadline) = phase else { return }
        let areAllStuck = areAllStuck(open, of: busy, now)
        for slot in open {
            guard let stream = streams[slot], stream.obstacle != nil, !stream.isInDoubt else { continue }
            let isOver = stream.result != nil
            let isStuck = stream.isStuck(at: now.boot) && (isOver || !stream.sharesProcess || areAllStuck)
            // Its neighbours may have answered, which nobody reads while it is held: without a deadline that would be for ever.
            let isInTheWay = deadline == .never && stream.isHeld && stream.isLongStuck(at: now.boot)
            guard isStuck || isInTheWay || (isOver && now.boot >= deadline) else { continue }
            cut(slot)
            concludeIfSettled(slot, at: now)
        }
    }

    /// If no slot of a capsule is left for children since organisers wait for room, nobody here makes any: the one that has waited longest
    /// goes away for a while, and its slot does what they have pushed. At once if there is nobody else, and otherwise after a
    /// while if its process is held: others in it may have answered, which nobody reads, and they keep their slots, too.
    private mutating func makeRoom(_ open: [Int], _ now: Moment) {
        // Where nothing is started for another reason, a slot that is given up is no room.
        guard isFetching else { return }
        for capsule in capsules where capsule.room == 0 {
            makeRoom(in: capsule, open.filter(capsule.slots.contains), now)
        }
    }

    private mutating func makeRoom(in capsule: Capsule, _ open: [Int], _ now: Moment) {
        let candidates =
            areAllStuck(open, of: busy(in: capsule), now)
            ? open : open.filter { streams[$0].map { $0.isHeld && $0.isLongStuck(at: now.boot) } ?? false }
        let longest = candidates.min { since($0) < since($1) }
        // One at a time: it still ends.
        guard let slot = longest, !capsule.slots.contains(where: { slots[$0].occupation?.isYielding == true }),
            case .running(var run) = slots[slot]
        else { return }
        run.isYielding = true
        slots[slot] = .running(run)
        actions.append(.tell(.yielded(run.reservation.id)))
        cut(slot)
        concludeIfSettled(slot, at: now)
    }

    private func since(_ slot: Int) -> MonotonicTime { streams[slot]?.refusedSince ?? .never }

    /// Whether every slot at work, of so many, waits for room.
    private func areAllStuck(_ open: [Int], of busy: Int, _ now: Moment) -> Bool {
        open.count == busy && open.allSatisfy { streams[$0]?.isStuck(at: now.boot) == true }
    }

    mutating func loseStreams() {
        for slot in streams.keys { streams[slot]?.lose() }
    }

    var streamTimes: [MonotonicTime] { streams.values.flatMap(\.times) }
}
