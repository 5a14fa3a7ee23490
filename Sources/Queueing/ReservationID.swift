package import JobModel
internal import Redis

/// The name of a reservation within its process: a number the process gives, never twice, and the queue it came from.
///
/// The text sorts in the order of fetching, which is how rescue gives jobs back in theirs.
package struct ReservationID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let sequence: UInt64
    package let queue: QueueName

    /// - Parameter sequence: at most 2⁵³, the largest integer the scripts can count to.
    package init(sequence: UInt64, queue: QueueName) {
        self.sequence = sequence
        self.queue = queue
    }

    /// - Parameter text: as in Redis, "0000000000000042:default".
    package init?(_ text: String) {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), let sequence = UInt64(text[..<colon]) else {
            return nil
        }
        self.init(sequence: sequence, queue: QueueName(trusted: String(text[text.utf8.index(after: colon)...])))
    }

    package var text: String {
        let digits = String(sequence)
        return String(repeating: "0", count: max(0, Self.digits - digits.utf8.count)) + digits + ":" + queue.text
    }

    /// As many as 2⁵³ has.
    fileprivate static let digits = 16

    package var description: String { text }

    package static func < (left: ReservationID, right: ReservationID) -> Bool { left.sequence < right.sequence }
}

extension RedisCommand {
    /// Adds the id's text.
    mutating func add(_ id: ReservationID) { add(id.sequence, digits: ReservationID.digits, ":", id.queue.text) }
}
