package import Insight
package import JobModel
package import Redis

/// One class that is kept apart, as it stands in Redis.
package struct IsolatedClass: Equatable, Sendable {
    package let name: JobClass
    package let isolation: Isolation

    /// All of them, by name.
    package static func all(_ reply: RedisReply) throws(RedisError) -> [IsolatedClass] {
        try IsolatedClasses.list(reply).map { IsolatedClass(name: $0.key, isolation: $0.value) }
            .sorted { $0.name.bytes.lexicographicallyPrecedes($1.name.bytes) }
    }

    /// Reads them over a blocking connection.
    package static func read(_ connection: RedisConnection) throws(RedisError) -> [IsolatedClass] {
        try all(connection.call(IsolatedClasses.listCommand))
    }

    /// Takes a class off the list; workers follow with their next heartbeat.
    ///
    /// - Returns: false if it was not on it.
    package static func release(_ name: JobClass, _ connection: RedisConnection) throws(RedisError) -> Bool {
        try connection.call(IsolatedClasses.removeCommand(name)).accepted().integer == 1
    }
}
