package import JobModel
import Platform
package import Queueing

/// One unit of concurrency: at most one job at a time.
package enum Slot: Sendable {
    case idle
    case running(Occupation)
    /// Out of service: its job is settled, and a process that had it does not end.
    case writtenOff

    /// What a slot is doing.
    package struct Occupation: Sendable {
        package internal(set) var reservation: Reservation
        package internal(set) var job: Job
        package let since: Moment
        /// Asked to end by our own stop; its outcome is then nobody's fault.
        package var isInterrupted = false
        /// Redis no longer holds the reservation: whatever comes of the run is too late.
        package var isFenced = false
        /// Chunks that it wrote were dropped: whatever it comes to, the job is not done.
        package var isCut = false
        /// Cut so that its children can be done here; it goes on later.
        package var isYielding = false
        /// Somebody wants it ended.
        package var cancellation: Cancellation?
        /// The slot is out of service when this is over.
        package var isWrittenOff = false
    }

    /// The job in this slot, nil when idle.
    package var occupation: Occupation? {
        guard case .running(let occupation) = self else { return nil }
        return occupation
    }
}
