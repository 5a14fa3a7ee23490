import JobModel
import Queueing

/// What follows from somebody's wish that a job be cancelled.
extension Ledger {
    /// Seconds after which a request is known to every worker that nothing was done to, and after which a run has ended by it.
    private static let patience = (start: 8.0, end: 16.0)

    static func jid(of job: Int) -> String { "~\(job)~" }

    func wished(_ job: Int) { wishes.insert(job) }

    /// The operator was told that it is cancelled.
    func told(cancelled job: Int, by books: Books) { toldCancelled[job] = books }

    func checkWish(_ job: Int) {
        if !wishes.contains(job) { violated("job \(job) was cancelled, and nobody had asked for that") }
    }

    /// A job is about to begin.
    func checkWish(_ job: Int, _ name: String, _ worker: SimulatedWorker) {
        if worker.books.lives[job].isCancelled { violated("\(name) was started after it was cancelled") }
        if let books = toldCancelled[job], books === worker.books {
            violated("\(name) was started after somebody was told that it is cancelled")
        }
        if let age = age(ofRequestFor: job, worker), age > Self.patience.start {
            violated("\(name) was started although somebody wants it cancelled for \(age) s")
        }
    }

    /// A run is over.
    func checkPatience(_ key: Key, _ outcome: Outcome) {
        guard let worker = world.workers[key.identity], let job = books.records[key]?.job,
            let age = age(ofRequestFor: job, worker), age > Self.patience.end
        else { return }
        violated("\(key.name) went on although somebody wants it cancelled for \(age) s")
    }

    /// When no fault is left that would excuse the worker.
    private func age(ofRequestFor job: Int, _ worker: SimulatedWorker) -> Double? {
        guard !world.isFaulty, world.now - worker.lastFault > Self.excuse, worker.books === books,
            let since = world.store.requests[Self.jid(of: job)]
        else { return nil }
        return Double(world.time(of: world.store) / 1000 - since) / 1000
    }
}
