package import JobModel
internal import Redis

/// A process as its record shows it, ours or Sidekiq's own.
package struct ProcessState: Equatable, Sendable {
    package var identity: String
    package var hostname: String
    package var pid: Int
    package var tag: String
    package var labels: [String]
    package var version: String
    package var queues: [String]
    /// Empty where the record says nothing of them.
    package var capsules: [CapsuleState]
    /// Whether Sidekiq Enterprise has made it the leader; ours never is.
    package var isLeader = false
    package var startedAt: Timestamp?
    package var concurrency: Int
    /// Between which it moves; nil if it is fixed.
    package var range: ClosedRange<Int>?
    package var busy: Int
    package var lastBeat: Timestamp?
    package var isQuiet: Bool
    /// It is part of another program, which takes no orders.
    package var isEmbedded: Bool
    package var residentKB: Int
    /// Slots whose killed processes do not end; 0 for Sidekiq's own.
    package var writtenOff: Int
    /// Why it fetches nothing for now; nil while it does, or if it is quiet.
    package var hold: String?
    /// Handlers whose processes do not start; nil if all do.
    package var failingStarts: String?
    /// The longest running first.
    package var jobs: [RunningJob]

    package struct RunningJob: Equatable, Sendable {
        package var slot: String
        package var queue: String
        /// Nil if the payload is not one we can read.
        /// What people are shown: `display_class`, `wrapped` or the class.
        package var jobClass: String?
        package var jid: String?
        package var tags: [String]
        package var startedAt: Timestamp?
        /// Nil for jobs of other programs.
        package var whereabouts: WorkEntry.Whereabouts?
        package var isSlow: Bool { whereabouts?.isSlow ?? false }
    }

    static func commands(_ identity: String) -> [RedisCommand] {
        [
            RedisCommand(["HGETALL", Keys.processRecord(identity)]), RedisCommand(["HGETALL", Keys.work(identity)]),
        ]
    }

    /// Leaves out those whose record has expired: they are gone, and wait to be pruned.
    static func states(_ replies: [RedisReply], of identities: [String]) -> [ProcessState] {
        zip(identities, stride(from: 0, to: replies.count - 1, by: 2)).compactMap { identity, index in
            ProcessState(identity, record: replies[index], work: replies[index + 1])
        }
    }

    private init?(_ identity: String, record: RedisReply, work: RedisReply) {
        let fields = record.textByName
        // A record that is no JSON is as good as none.
        guard let text = fields["info"], let info = try? JSONObject(scanning: Array(text.utf8)) else { return nil }
        self.identity = identity
        hostname = info.string("hostname") ?? ""
        pid = info.integer("pid") ?? 0
        tag = info.string("tag") ?? ""
        labels = info.strings(of: "labels") ?? []
        version = info.string("version") ?? ""
        queues = info.strings(of: "queues") ?? []
        capsules = CapsuleState.all(in: info)
        startedAt = info.number("started_at").map(Timestamp.init(seconds:))
        concurrency = fields["concurrency"].flatMap { Int($0) } ?? info.integer("concurrency") ?? 0
        busy = fields["busy"].flatMap { Int($0) } ?? 0
        lastBeat = fields["beat"].flatMap { Double($0) }.map(Timestamp.init(seconds:))
        isQuiet = fields["quiet"] == "true"
        isEmbedded = info.bool("embedded") ?? false
        // Anybody may have written it: what is computed from it must not overflow.
        residentKB = min(max(0, fields["rss"].flatMap { Int($0) } ?? 0), 1 << 50)
        writtenOff = max(0, fields["written_off"].flatMap { Int($0) } ?? 0)
        if let least = fields["concurrency_min"].flatMap({ Int($0) }),
            let most = fields["concurrency_max"].flatMap({ Int($0) }), least <= most
        {
            range = least...most
        }
        hold = fields["held"].flatMap { $0.isEmpty ? nil : $0 }
        failingStarts = fields["failing_starts"].flatMap { $0.isEmpty ? nil : $0 }
        jobs = (work.pairs ?? []).compactMap { RunningJob(slot: $0.name, entry: $0.value) }
            .sorted { ($0.startedAt?.milliseconds ?? 0, $0.slot) < ($1.startedAt?.milliseconds ?? 0, $1.slot) }
    }
}

extension ProcessState.RunningJob {
    init?(slot: RedisReply, entry: RedisReply) {
        // Written by a process of another version, perhaps: what cannot be read is not shown.
        guard let slot = slot.text, let bytes = entry.bytes, let object = try? JSONObject(scanning: bytes) else {
            return nil
        }
        let job = object.string("payload").flatMap { try? Job(decoding: Array($0.utf8)) }
        self.init(
            slot: slot, queue: object.string("queue") ?? "", jobClass: job?.displayName, jid: job?.jid,
            tags: job?.tags ?? [],
            startedAt: object.number("run_at").map(Timestamp.init(seconds:)),
            whereabouts: WorkEntry.Whereabouts(in: object))
    }
}
