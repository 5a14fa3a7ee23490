package import JobModel
internal import Redis

/// What an operator wants done with jobs that wait, or are dead.
package enum JobOrder: Equatable, Sendable {
    case delete
    /// Into its queue now; what fails again has as many retries left as before.
    case retry
    /// Into the dead set, unchanged.
    case kill
    case move(to: QueueName)

    /// Why it cannot be done with a job; nothing is done then.
    package enum Objection: Equatable, Sendable {
        /// These bytes cannot be run, wherever they lie.
        case noJob
        case inQueueAlready
        case deadAlready
    }

    package var target: JobTransfer.Target {
        switch self {
        case .delete: .nowhere
        case .kill: .dead
        case .retry, .move: .queue
        }
    }

    /// What is to be written where, by Sidekiq's rules for each place.
    ///
    /// - Parameter now: Redis' clock.
    package func plan(_ entry: JobEntry, now: Timestamp) -> Result<JobTransfer.Move, Refused> {
        switch self {
        case .delete: return .success(JobTransfer.Move(payload: entry.payload))
        case .kill:
            guard entry.place != .dead else { return .failure(Refused(.deadAlready)) }
            return .success(JobTransfer.Move(payload: entry.payload, written: entry.payload))
        case .retry:
            if case .queue = entry.place { return .failure(Refused(.inQueueAlready)) }
            return Self.pushed(entry, entry.place == .schedule ? DuePayload.make : RetriedPayload.make, now, nil)
        case .move(let queue):
            guard case .queue(let name) = entry.place else {
                return Self.pushed(entry, entry.place == .schedule ? DuePayload.make : RetriedPayload.make, now, queue)
            }
            guard name != queue else { return .failure(Refused(.inQueueAlready)) }
            // What is no object names no queue.
            let written = MovedPayload.make(entry.payload, to: queue) ?? entry.payload
            return .success(JobTransfer.Move(payload: entry.payload, queue: queue, written: written))
        }
    }

    /// An objection as an error.
    package struct Refused: Error, Equatable, Sendable {
        package let objection: Objection
        init(_ objection: Objection) { self.objection = objection }
    }

    private static func pushed(
        _ entry: JobEntry, _ make: ([UInt8], Timestamp, QueueName?) -> (payload: [UInt8], queue: QueueName)?,
        _ now: Timestamp, _ queue: QueueName?
    ) -> Result<JobTransfer.Move, Refused> {
        guard let (payload, queue) = make(entry.payload, now, queue) else { return .failure(Refused(.noJob)) }
        return .success(JobTransfer.Move(payload: entry.payload, queue: queue, written: payload))
    }
}
