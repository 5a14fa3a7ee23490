package import JobModel
package import Platform
package import Queueing

/// Reservations that wait for a slot, in the order they were fetched.
package struct WaitingLine: Sendable {
    private struct Place: Sendable {
        let reservation: Reservation
        let since: MonotonicTime
    }

    private var places: ArraySlice<Place> = []

    package init() {}

    package var isEmpty: Bool { places.isEmpty }
    package var count: Int { places.count }
    /// Since when the first in line waits.
    package var oldest: MonotonicTime? { places.first?.since }
    package var ids: [ReservationID] { places.map(\.reservation.id) }

    package mutating func append(_ reservation: Reservation, at now: MonotonicTime) {
        places.append(Place(reservation: reservation, since: now))
    }

    package mutating func takeFirst() -> Reservation? { places.popFirst()?.reservation }

    /// The first of one of these queues.
    package mutating func takeFirst(of queues: [QueueName]) -> Reservation? {
        guard let index = places.firstIndex(where: { queues.contains($0.reservation.queue) }) else { return nil }
        return places.remove(at: index).reservation
    }

    /// Takes out all of these queues.
    package mutating func takeAll(of queues: Set<QueueName>) -> [Reservation] {
        let taken = places.filter { queues.contains($0.reservation.queue) }
        if !taken.isEmpty { places = ArraySlice(places.filter { !queues.contains($0.reservation.queue) }) }
        return taken.map(\.reservation)
    }

    /// Takes out those that have waited since `time` or longer.
    package mutating func take(olderThan time: MonotonicTime) -> [Reservation] {
        let end = places.firstIndex { $0.since > time } ?? places.endIndex
        defer { places = places[end...] }
        return places[..<end].map(\.reservation)
    }

    package mutating func takeAll() -> [Reservation] {
        defer { places = [] }
        return places.map(\.reservation)
    }

    /// Takes out those that are not in `held`.
    package mutating func remove(allBut held: Set<ReservationID>) -> [Reservation] {
        let gone = places.filter { !held.contains($0.reservation.id) }
        if !gone.isEmpty { places = ArraySlice(places.filter { held.contains($0.reservation.id) }) }
        return gone.map(\.reservation)
    }
}
