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
    /// - Parameters:
    ///   - now: Redis' clock.
    ///   - major: in whose form times are written.
    package func plan(_ entry: JobEntry, now: Timestamp, as major: SidekiqMajor = .eight) -> Result<
        JobTransfer.Move, Refused
    > {
        switch self {
        case .delete: return .success(JobTransfer.Move(payload: entry.payload))
        case .kill:
            guard entry.place != .dead else { return .failure(Refused(.deadAlready)) }
            return .success(JobTransfer.Move(payload: entry.payload, written: entry.payload))
        case .retry:
            if case .queue = entry.place { return .failure(Refused(.inQueueAlready)) }
            return Self.pushed(entry, now, nil, major)
        case .move(let queue):
            guard case .queue(let name) = entry.place else {
                return Self.pushed(entry, now, queue, major)
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
        _ entry: JobEntry, _ now: Timestamp, _ queue: QueueName?, _ major: SidekiqMajor
    ) -> Result<JobTransfer.Move, Refused> {
        let major = major == .eight ? SidekiqMajor(writing: entry.payload) ?? major : major
        let pushed =
            entry.place == .schedule
            ? DuePayload.make(entry.payload, now: now, to: queue, as: major)
            : RetriedPayload.make(entry.payload, now: now, to: queue, as: major)
        guard let (payload, queue) = pushed else { return .failure(Refused(.noJob)) }
        return .success(JobTransfer.Move(payload: entry.payload, queue: queue, written: payload))
    }
}
