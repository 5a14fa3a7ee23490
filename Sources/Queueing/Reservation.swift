package import JobModel

/// A fetched job that is not settled yet.
package struct Reservation: Equatable, Sendable {
    package let id: ReservationID
    /// The job's exact bytes, as they lay in the queue.
    package let payload: [UInt8]

    package init(id: ReservationID, payload: [UInt8]) {
        self.id = id
        self.payload = payload
    }

    /// The queue it was taken from, whatever the payload says.
    package var queue: QueueName { id.queue }
}
