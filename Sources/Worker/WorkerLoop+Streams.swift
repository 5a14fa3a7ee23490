import Configuration
import Handlers
import JobModel
import Logging
import Queueing

/// Runs that stream their children.
extension WorkerLoop {
    /// - Returns: why it cannot be taken, in words that follow "it".
    func streamed(_ report: ChunkReport) -> String? {
        guard let run = state.slots[report.slot].occupation else { return nil }
        do throws(StreamedChunk.Objection) {
            let chunk = try StreamedChunk(
                report, of: run.job, random: &random, now: now.wall, as: plan.settings.sidekiq,
                limits: plan.settings.payloadLimits)
            take(.pushed(slot: report.slot, chunk))
            return nil
        } catch {
            return error.reason
        }
    }

    func stream(_ chunk: Chunk, of slot: Int) {
        let command = chunk.command(identity: plan.identity, deepest: plan.terms.childrenWaiting)
        link.ask(.chunk(slot: slot, chunk.id), command)
    }

    /// A run that ended earlier has waited for its chunks.
    func concluded(_ slot: Int, _ run: Slot.Occupation, _ outcome: Outcome, _ verdict: Verdict) {
        guard let report = waitingReports.removeValue(forKey: slot) else { return }
        // Cut meanwhile, it will run again and counts then.
        tally.note(report, outcome, of: run)
        jobLog.ended(run.job, from: run.reservation.queue, report, outcome, verdict)
    }

    /// Logs what streams wait for.
    func describeStreams() {
        for (slot, stream) in state.streams.sorted(by: { $0.key < $1.key }) {
            guard let run = state.slots[slot].occupation else { continue }
            log.notice(
                "slot \(slot) \(stream.standing)",
                metadata: [
                    "jid": "\(run.job.jid ?? "-")", "class": "\(run.job.displayName)",
                    "chunks_waiting": "\(stream.count)", "chunks_pushed": "\(run.job.chunkCount)",
                ])
        }
    }
}

extension ChunkStream {
    /// After "slot 3".
    fileprivate var standing: String {
        let subject = result == nil ? "streams children" : "has ended and waits for its children to be pushed"
        return obstacle.map { "\(subject); they wait: \($0)" } ?? subject
    }
}
