import Configuration
import JobModel
import Platform

/// What it is told beside its runs.
extension ServeProcess {
    /// The run is told by a line; after the grace its process by a signal, and what else runs in it is interrupted with it.
    func cancel(slot: Int, with failure: Failure) {
        guard let number = unanswered(in: slot) else { return }
        let grace = handler.settings.grace
        host.board.endCancelled(slot: slot, grace: grace, at: MonotonicTime.now().advanced(bySeconds: grace))
        handle(.cancelled(number, failure))
    }

    func say(_ line: [UInt8]) {
        channel?.add { $0 += line }
        flush()
    }
}
