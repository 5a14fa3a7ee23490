import JobModel
import Queueing

/// Jobs that are not begun, since nobody has a use for them any more.
extension WorkerState {
    /// A job whose turn has come too late.
    mutating func drop(_ reservation: Reservation, _ job: Job, expiredAt end: Timestamp) {
        settle(reservation, .discard, counts: .expired)
        actions.append(.tell(.expired(job, reservation.queue, at: end)))
    }
}
