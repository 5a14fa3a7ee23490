package import JobModel
package import Redis

/// A job that a process has: it runs, or is about to.
package struct HeldJob: Sendable {
    package let identity: String
    package let queue: String
    /// As it was fetched. Of Sidekiq's own processes, and of none other, what they show.
    package let payload: [UInt8]
    package let object: JSONObject?
    /// What its process shows of it; nil until its next heartbeat, and while the job waits for a slot.
    package let work: ProcessState.RunningJob?

    init(identity: String, queue: String, payload: [UInt8], work: ProcessState.RunningJob?) {
        self.identity = identity
        self.queue = queue
        self.payload = payload
        // What is no object is shown as such.
        object = try? JSONObject(scanning: payload)
        self.work = work
    }

    /// What people are shown as its class; nil if these bytes are no job.
    package var displayName: String? { JobEntry.displayName(of: payload) }

    package var jid: String { object?.string("jid") ?? "" }

    /// All that registered processes hold, the longest running first, those that do not run yet last.
    package static func all(_ redis: RedisConnection) throws(RedisError) -> [HeldJob] {
        let leases = try Rescue.leases(redis.pipeline(Rescue.listCommands)).map(\.identity)
        let shown = try redis.call(RedisCommand(["SMEMBERS", Keys.processes])).accepted().elements ?? []
        let identities = Set(leases + shown.compactMap(\.text)).sorted()
        let keys = [Keys.reservations, Keys.work, Keys.oldWork]
        let replies = try redis.pipeline(
            identities.flatMap { identity in keys.map { RedisCommand(["HGETALL", $0(identity)]) } })
        var held: [HeldJob] = []
        for (index, identity) in identities.enumerated() {
            let hashes = try (0..<keys.count).map { (number) throws(RedisError) in
                try replies[keys.count * index + number].accepted().pairs ?? []
            }
            if leases.contains(identity) {
                held += ours(identity, hashes[0], hashes[1])
            } else {
                held += (hashes[1].isEmpty ? hashes[2] : hashes[1]).compactMap { theirs(identity, $0.name, $0.value) }
            }
        }
        return held.sorted { $0.order < $1.order }
    }

    private var order: (Int64, String) { (work?.startedAt?.milliseconds ?? .max, jid) }

    private static func ours(
        _ identity: String, _ reserved: [(name: RedisReply, value: RedisReply)],
        _ entries: [(name: RedisReply, value: RedisReply)]
    ) -> [HeldJob] {
        var work: [UInt64: ProcessState.RunningJob] = [:]
        for (slot, entry) in entries {
            guard let bytes = entry.bytes, let sequence = WorkEntry.sequence(inJSON: bytes) else { continue }
            work[sequence] = ProcessState.RunningJob(slot: slot, entry: entry)
        }
        return reserved.compactMap { id, payload in
            guard let id = id.text.flatMap(ReservationID.init), let payload = payload.bytes else { return nil }
            return HeldJob(identity: identity, queue: id.queue.text, payload: payload, work: work[id.sequence])
        }
    }

    private static func theirs(_ identity: String, _ slot: RedisReply, _ entry: RedisReply) -> HeldJob? {
        guard let running = ProcessState.RunningJob(slot: slot, entry: entry), let bytes = entry.bytes,
            let object = try? JSONObject(scanning: bytes), let member = object.member("payload")
        else { return nil }
        // Long ago it was no text that holds JSON, but the object itself.
        let payload = object.string("payload").map { Array($0.utf8) } ?? Array(object.raw(member))
        return HeldJob(identity: identity, queue: running.queue, payload: payload, work: running)
    }
}
