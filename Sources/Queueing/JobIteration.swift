internal import JobModel
package import Redis

/// How far a job has come that is done element by element, as it stands in Redis; Sidekiq writes and reads the same.
package struct JobIteration: Equatable, Sendable {
    /// Runs that were begun.
    package let executions: Int
    /// The element that comes next: JSON.
    package let cursor: [UInt8]
    package let runtimeSeconds: Double
    /// Seconds since 1970; nil if nobody has cancelled it.
    package let cancelledAt: Int?

    /// Blocks.
    ///
    /// - Returns: nil if there is none.
    package static func read(_ jid: String, _ redis: RedisConnection) throws(RedisError) -> JobIteration? {
        let fields = try redis.call(RedisCommand(["HGETALL", Keys.iteration(jid)])).accepted().pairs ?? []
        guard !fields.isEmpty else { return nil }
        func value(_ name: String) -> RedisReply? { fields.first { $0.name.text == name }?.value }
        let cursor = value("c")?.bytes ?? []
        // What is no JSON is shown as a text.
        let isJSON = (try? JSONText.kind(scanning: cursor)) != nil
        return JobIteration(
            executions: value("ex")?.integer ?? 0,
            cursor: isJSON ? cursor : JSONText.quote(String(decoding: cursor, as: UTF8.self)),
            runtimeSeconds: value("rt")?.number ?? 0,
            cancelledAt: value("cancelled")?.integer.map { max(0, min($0, 1 << 40)) })
    }
}
