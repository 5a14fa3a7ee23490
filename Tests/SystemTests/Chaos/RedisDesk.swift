import Redis

/// A connection of the harness to Redis, past all proxies, that is made anew after Redis was away. For one thread.
final class RedisDesk {
    private let endpoint: RedisEndpoint
    private var connection: RedisConnection?

    init(_ endpoint: RedisEndpoint) { self.endpoint = endpoint }

    /// - Returns: nil if Redis is away; whether the commands were carried out is then not known.
    func ask(_ commands: [RedisCommand]) -> [RedisReply]? {
        guard !commands.isEmpty else { return [] }
        do throws(RedisError) {
            if connection == nil { connection = try RedisConnection.open(endpoint, timeout: 20, name: "chaos") }
            guard let replies = try connection?.pipeline(commands) else { return nil }
            // One that loads its file carries out nothing.
            return replies.contains { $0.refusal?.code == "LOADING" } ? nil : replies
        } catch {
            connection = nil
            return nil
        }
    }

    func ask(_ words: String...) -> RedisReply? { ask([RedisCommand(words)])?.first }
}
