internal import JobModel
package import Redis

/// What Redis says a process holds, to be compared with what the process knows.
///
/// Needed after an exchange whose answer was lost, and at every heartbeat: a reservation the process does not know is
/// a job nobody works on.
package enum OwnReservations {
    package static func idsCommand(identity: String) -> RedisCommand {
        RedisCommand(["HKEYS", Keys.reservations(identity)])
    }

    /// - Returns: the ids in the order of fetching.
    package static func ids(_ reply: RedisReply) throws(RedisError) -> [ReservationID] {
        guard let names = try reply.accepted().elements else { throw .unreadable("HKEYS") }
        return names.compactMap { $0.text.flatMap(ReservationID.init) }.sorted()
    }

    /// - Parameter ids: at least one.
    package static func payloadsCommand(identity: String, ids: [ReservationID]) -> RedisCommand {
        RedisCommand(["HMGET", Keys.reservations(identity)] + ids.map(\.text))
    }

    /// - Returns: those that still are reserved.
    package static func reservations(
        _ reply: RedisReply, ids: [ReservationID]
    ) throws(RedisError) -> [Reservation] {
        guard let payloads = try reply.accepted().elements, payloads.count == ids.count else {
            throw .unreadable("HMGET")
        }
        return zip(ids, payloads).compactMap { id, payload in
            payload.bytes.map { Reservation(id: id, payload: $0) }
        }
    }
}
