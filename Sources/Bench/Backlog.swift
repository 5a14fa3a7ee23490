import Redis

/// Jobs of 300 bytes, as Sidekiq's client would write them.
enum Backlog {
    static let payloadBytes = 300

    /// A job whose first argument is `argument`, padded by a text as second argument.
    static func payload(_ number: Int, argument: String) -> [UInt8] {
        let digits = String(number, radix: 16)
        let jid = String(repeating: "0", count: 24 - digits.count) + digits
        let head = #"{"retry":true,"queue":"default","class":"BenchJob","args":[\#(argument),""#
        let tail = #""],"jid":"\#(jid)","created_at":1795315261885,"enqueued_at":1795315261885}"#
        let padding = payloadBytes - head.utf8.count - tail.utf8.count
        return Array((head + String(repeating: "x", count: padding) + tail).utf8)
    }

    /// Puts jobs where no worker looks; `release` makes them the queue at one instant.
    static func stage(_ count: Int, on server: Server) throws {
        for start in stride(from: 0, to: count, by: 10_000) {
            let commands = stride(from: start, to: min(start + 10_000, count), by: 100).map { first in
                var command = RedisCommand(["LPUSH", "bench:staged"])
                for number in first..<min(first + 100, count) {
                    command.add(payload(number, argument: String(number)))
                }
                return command
            }
            for reply in try server.connection.pipeline(commands) { try reply.accepted() }
        }
        try server.call("SADD", "queues", "default")
    }

    static func release(on server: Server) throws { try server.call("RENAME", "bench:staged", "queue:default") }
}
