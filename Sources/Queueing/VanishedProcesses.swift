package import Redis

/// Processes, ours or Sidekiq's own, that stand in the list the dashboard reads and whose record has expired: nobody took them
/// out when they ended.
package enum VanishedProcesses {
    /// How long nobody else looks after one has; Sidekiq's.
    private static let lockSeconds = 60
    /// Records looked at in one go, and processes taken out in one step.
    private static let batch = 500

    /// Takes them out, unless somebody has done so within a minute. Blocks.
    ///
    /// - Returns: how many there were.
    package static func prune(_ redis: RedisConnection) throws(RedisError) -> Int {
        let members = try redis.call(RedisCommand(["SMEMBERS", Keys.processes])).accepted().elements ?? []
        let identities = members.compactMap(\.text)
        var gone: [String] = []
        for start in stride(from: 0, to: identities.count, by: batch) {
            let some = identities[start..<min(start + batch, identities.count)]
            let records = try redis.pipeline(some.map { RedisCommand(["HGET", Keys.processRecord($0), "info"]) })
            // What may not be read, or is no record at all, is not ours to judge.
            for (identity, record) in zip(some, records) where record.refusal == nil && record.bytes == nil {
                gone.append(identity)
            }
        }
        guard !gone.isEmpty else { return 0 }
        let records = gone.prefix(batch).map(Keys.processRecord)
        var command = RedisCommand(running: Scripts.prune, keys: [Keys.processCleanup, Keys.processes] + records)
        command.add(lockSeconds)
        return try redis.call(command).accepted().integer ?? 0
    }
}
