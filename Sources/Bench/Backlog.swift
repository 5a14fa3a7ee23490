import Redis

/// Jobs as Sidekiq's client would write them, put where no worker looks and then brought to their place at one instant.
struct Backlog {
    /// Where they wait.
    enum Place {
        /// In so many queues, evenly.
        case queues(Int)
        /// Sorted sets, due now.
        case schedule, retry
    }

    var jobs: Int
    var payloadBytes = Backlog.usualBytes
    var place = Place.queues(1)

    static let usualBytes = 300

    /// The names of so many queues.
    static func queues(_ count: Int) -> [String] { count == 1 ? ["default"] : (1...count).map { "bench\($0)" } }

    var queues: [String] { if case .queues(let count) = place { Self.queues(count) } else { Self.queues(1) } }

    private var keys: [(staged: String, key: String)] {
        switch place {
        case .queues: queues.map { ("bench:staged:\($0)", "queue:\($0)") }
        case .schedule: [("bench:staged", "schedule")]
        case .retry: [("bench:staged", "retry")]
        }
    }

    /// Made in Redis, which is much quicker than sending them.
    ///
    /// KEYS the key. ARGV "list" or "zset", the score, first number, last number, text before the number, text between,
    /// text after, bytes of the whole.
    private static let stageScript = """
        local kind, score, first, last, head, middle, tail, bytes = unpack(ARGV)
        for number = tonumber(first), tonumber(last) do
          local digits, jid = string.format('%d', number), string.format('%024x', number)
          local padding = bytes - #head - #digits - #middle - #jid - #tail - 2
          local job = head .. digits .. ',"' .. string.rep('x', padding) .. middle .. jid .. tail
          if kind == 'zset' then redis.call('ZADD', KEYS[1], score, job) else redis.call('LPUSH', KEYS[1], job) end
        end
        """

    /// - Parameter score: of sorted sets, in epoch seconds.
    func stage(on server: Server, score: Double = 1) throws {
        let keys = keys
        let kind = if case .queues = place { "list" } else { "zset" }
        for (index, key) in keys.enumerated() {
            let (first, last) = (jobs * index / keys.count, jobs * (index + 1) / keys.count)
            for start in stride(from: first, to: last, by: 10_000) {
                try server.call(
                    "EVAL", Self.stageScript, "1", key.staged, kind, "\(score)", "\(start)",
                    "\(min(start + 10_000, last) - 1)", Self.head(queues[min(index, queues.count - 1)]), Self.middle,
                    Self.tail, "\(payloadBytes)")
            }
        }
        for queue in queues { try server.call("SADD", "queues", queue) }
    }

    func release(on server: Server) throws {
        try server.call("MULTI")
        for key in keys { try server.call("RENAME", key.staged, key.key) }
        try server.call("EXEC")
    }

    /// Brings some of them to their one queue, so that no more than `most` wait there.
    func release(upTo most: Int, on server: Server) throws {
        let script = """
            -- unpack takes some 7,999 values at most.
            local room = math.min(ARGV[1] - redis.call('LLEN', KEYS[2]), 5000)
            local jobs = room > 0 and redis.call('RPOP', KEYS[1], room)
            if jobs then redis.call('LPUSH', KEYS[2], unpack(jobs)) end
            """
        try server.call("EVAL", script, "2", keys[0].staged, keys[0].key, "\(most)")
    }

    /// How many still wait in queues.
    func left(on server: Server) throws -> Int {
        try queues.reduce(0) { try $0 + server.integer("LLEN", "queue:\($1)") }
    }

    /// One job whose first argument is `argument`.
    static func payload(_ number: Int, argument: String) -> [UInt8] {
        let digits = String(number, radix: 16)
        let jid = String(repeating: "0", count: 24 - digits.count) + digits
        let head = head("default")
        let padding = usualBytes - head.utf8.count - argument.utf8.count - middle.utf8.count - 24 - tail.utf8.count - 2
        return Array((head + argument + ",\"" + String(repeating: "x", count: padding) + middle + jid + tail).utf8)
    }

    // Between them: an argument, padding in quotes, a jid.
    private static func head(_ queue: String) -> String {
        #"{"retry":true,"queue":"\#(queue)","class":"BenchJob","args":["#
    }
    private static let middle = #""],"jid":""#
    private static let tail = #"","created_at":1795315261885,"enqueued_at":1795315261885}"#
}
