import Redis

/// Looks, many times a second, how long what dead processes had reserved stays reserved.
struct RecoveryWatch {
    enum Kind: String, CaseIterable, Sendable {
        case worker = "a worker was killed"
        case tree = "all was killed, from the next start"
        case host = "a host was gone"

        /// What is promised, in seconds.
        var limit: Double { self == .host ? 30 : 2 }
    }

    /// One death, and what became of what was reserved.
    struct Sample: Sendable {
        let kind: Kind
        let host: Deed.HostName
        /// When it was killed, or for `tree` started again.
        let from: Double
        /// When nothing was reserved any more; nil if that was not seen.
        var until: Double?
        let jobs: Int

        var seconds: Double? { until.map { $0 - from } }
    }

    private var pending: [(identity: String, sample: Sample)] = []
    private(set) var samples: [Sample] = []

    mutating func watch(_ identity: String, _ sample: Sample) { pending.append((identity, sample)) }

    mutating func poll(_ desk: RedisDesk, now: () -> Double) {
        guard !pending.isEmpty else { return }
        let commands = pending.map { RedisCommand(["EXISTS", "martlet:reservations:\($0.identity)"]) }
        guard let replies = desk.ask(commands) else { return }
        let now = now()
        for (index, reply) in replies.enumerated().reversed() where reply.integer == 0 {
            var sample = pending.remove(at: index).sample
            sample.until = now
            samples.append(sample)
        }
    }

    /// Those that were never given back.
    var unfinished: [String] { pending.map(\.identity) }
}
