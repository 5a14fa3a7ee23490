import JobModel
import Queueing

@testable import Worker

/// Handlers that stream their children: what they write, and when it is read.
extension SimulatedWorker {
    /// A handler goes on from the checkpoint, and writes what is left, or some of it if it is to fail.
    func stream(_ job: Job, _ run: Run, _ step: Workload.Step, in slot: Int) {
        let chunks = world.ledger.workload.jobs[run.job].chunks
        guard !chunks.isEmpty else { return }
        let first = job.checkpoint.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        if first != min(job.chunkCount, chunks.count) {
            world.ledger.violated("job \(run.job) goes on from \(first) after \(job.chunkCount) chunks")
        }
        let left = chunks.count - first
        let count = step.outcome == .succeeded ? left : world.chance.integer(0...left)
        let times = (0..<count).map { _ in world.chance.between(0, step.seconds) }.sorted()
        for (index, time) in times.enumerated() {
            let number = first + index
            after(time, .handler) { [unowned self] in
                write(run, in: slot) { [unowned self] in pushed(chunks[number], number, run, in: slot) }
            }
        }
    }

    /// Into its pipe, which is read at once unless it is held.
    func write(_ run: Run, in slot: Int, _ read: @escaping () -> Void) {
        guard let now = runs[slot], now.number == run.number else { return }
        if now.isHeld || !now.pipe.isEmpty { runs[slot]?.pipe.append(read) } else { read() }
    }

    func hold(_ slot: Int, _ isHeld: Bool) {
        guard let run = runs[slot] else { return }
        runs[slot]?.isHeld = isHeld
        guard !isHeld, !run.pipe.isEmpty else { return }
        after(0, .handler) { [unowned self] in
            guard let now = runs[slot], now.number == run.number, !now.isHeld else { return }
            readAll(slot)
        }
    }

    func readAll(_ slot: Int) {
        let written = runs[slot]?.pipe ?? []
        runs[slot]?.pipe = []
        for read in written { read() }
    }

    private func pushed(_ children: [Int], _ number: Int, _ run: Run, in slot: Int) {
        guard runs[slot]?.number == run.number else { return }
        world.note("\(run.key.name) writes chunk \(number)")
        let chunk = StreamedChunk(
            children: children.map { child(world.ledger.workload.jobs[$0]) }, checkpoint: Array("\(number + 1)".utf8),
            sharesProcess: run.job.isMultiple(of: 2))
        guard world.breakage == .resultOvertakesChunks else { return take(.pushed(slot: slot, chunk)) }
        // Broken on purpose: it goes to Redis past the state, which would have the result wait.
        guard let job = state.slots[slot].occupation?.job, let before = try? beforeChunk(number, of: job),
            let after = try? before.afterChunk(chunk.checkpoint, limits: world.plan.payloadLimits)
        else { return }
        let message = Chunk(id: run.key.id, before: before.payload, after: after.payload, children: chunk.children)
        ask(.chunk(slot, run.key.id), .chunk(message, of: identity, 0))
    }

    /// The job as Redis should have it before its chunk of this number.
    private func beforeChunk(_ number: Int, of job: Job) throws -> Job {
        var job = job
        while job.chunkCount < number {
            job = try job.afterChunk(Array("\(job.chunkCount + 1)".utf8), limits: world.plan.payloadLimits)
        }
        return job
    }

    private func child(_ job: Workload.Job) -> JobDraft.Prepared {
        // Some go into the schedule.
        let isLater = job.payload.count.isMultiple(of: 5)
        let at = Double(World.epoch) / 1e6 + (world.seconds + 3).rounded()
        return JobDraft.Prepared(payload: job.payload, queue: job.queue, at: isLater ? at : nil, jid: "")
    }

    /// An exchange as it is sent, which is broken on purpose in some ways.
    func broken(_ request: Exchange.Request) -> Exchange.Request {
        if world.breakage == .capsulesMixed { return mixing(request) }
        if world.breakage == .cursorNotSettled { return forgettingIterations(request) }
        if world.breakage == .requestLostAtStop { return losingRequests(request) }
        var request = request
        request.settlements = request.settlements.map {
            switch ($0.verdict, world.breakage) {
            case (.retry(let seconds, let payload), .checkpointNotKept):
                let verdict = Verdict.retry(afterSeconds: seconds, payload: withoutCheckpoint(payload))
                return Settlement(id: $0.id, verdict: verdict, counts: $0.counts)
            case (.bury(let payload), .checkpointNotBuried):
                let verdict = Verdict.bury(payload: withoutCheckpoint(payload))
                return Settlement(id: $0.id, verdict: verdict, counts: $0.counts, request: $0.request)
            default: return $0
            }
        }
        return request
    }

    private func withoutCheckpoint(_ payload: [UInt8]) -> [UInt8] {
        guard let object = try? JSONObject(scanning: payload) else { return payload }
        var splice = PayloadSplice(object)
        splice.remove("martlet_checkpoint")
        splice.remove("martlet_chunks")
        return splice.bytes()
    }

    /// Each capsule asks for jobs of all queues.
    private func mixing(_ request: Exchange.Request) -> Exchange.Request {
        let queues = Array(Workload.queues.prefix(world.plan.queues))
        var request = request
        request.fetches = request.fetches.map { fetch in
            let steps = queues.indices.map { QueueOrder.Step(queue: $0, atMost: fetch.count) }
            return Exchange.Fetch(capsule: fetch.capsule, count: fetch.count, steps: steps, queues: queues)
        }
        return request
    }

    /// Whoever is stopping puts back what was to be cancelled, and answers all the same.
    private func losingRequests(_ request: Exchange.Request) -> Exchange.Request {
        guard state.phase != .running else { return request }
        var request = request
        request.settlements = request.settlements.map {
            guard $0.request?.became == .running else { return $0 }
            return Settlement(id: $0.id, verdict: .requeue, counts: .nothing, request: $0.request)
        }
        return request
    }

    /// What the state is told when its connection is gone, which is broken on purpose in one way.
    func loseStreams() {
        guard world.breakage == .chunkLostWithLink else { return }
        for (slot, stream) in state.streams where stream.sent != nil {
            guard let id = state.slots[slot].occupation?.reservation.id else { continue }
            take(.chunked(slot: slot, id, .pushed))
        }
    }
}
