import Handlers
import JobModel
import Logging
import Queueing
import Redis

/// Runs that do their jobs element by element.
extension WorkerLoop {
    /// - Returns: what is wrong with it, in words that follow "it".
    func iterated(_ report: IterationReport) -> String? {
        guard let run = state.slots[report.slot].occupation else { return nil }
        guard run.job.jid != nil else { return "iterates, and its job has no jid by which its cursor could be kept" }
        if report.cursor != nil, state.iterations[report.slot]?.isTold != true {
            return "wrote a cursor before it was told where to go on"
        }
        take(.iterated(slot: report.slot, cursor: report.cursor))
        return nil
    }

    func readIteration(of slot: Int, _ id: ReservationID, jid: String) {
        link.ask(.iteration(slot: slot, id), IterationRecord.readCommand(jid))
    }

    func writeIteration(of slot: Int, _ id: ReservationID, jid: String, _ state: IterationState) {
        let command = IterationRecord.writeCommand(state, of: jid, id, identity: plan.identity)
        link.ask(.iterationWritten(slot: slot, id), command)
    }
}
