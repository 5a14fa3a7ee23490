import JobModel
import Logging
import Platform
import Queueing
import Redis

/// Finds out against which jobs the death of a worker counts: those that were running, as far as that is known.
enum DeathCount {
    typealias Deaths = [ReservationID: CountedDeath]

    /// Of a worker whose supervisor found it dead and read what it was running.
    static func of(
        _ identity: String, _ death: WorkerDeath, _ desk: SchedulerDesk, _ redis: RedisConnection
    ) throws(RedisError) -> Deaths {
        try count(identity, running: Set(death.running), lastDeath: "worker \(death.how)", desk, redis)
    }

    /// Of a process that nobody saw die. What it last told of itself is all there is; of one that was told to stop, or that
    /// lives and was only cut off, nothing counts.
    static func ofVanished(
        _ identity: String, lastDeath: String, _ desk: SchedulerDesk, _ redis: RedisConnection
    ) throws(RedisError) -> Deaths {
        guard desk.poison.isOn else { return [:] }
        let record = try RunningAtDeath.ownRecord(redis.pipeline(RunningAtDeath.recordCommands(identity: identity)))
        guard !record.isQuiet, !record.sequences.isEmpty else { return [:] }
        return try count(identity, running: record.sequences, lastDeath: lastDeath, desk, redis)
    }

    /// Counting must never keep jobs from being rescued: where Redis refuses, nothing is counted.
    private static func count(
        _ identity: String, running: Set<UInt64>, lastDeath: String, _ desk: SchedulerDesk, _ redis: RedisConnection
    ) throws(RedisError) -> Deaths {
        guard desk.poison.isOn, !running.isEmpty else { return [:] }
        var deaths: Deaths = [:]
        do throws(RedisError) {
            let held = try OwnReservations.ids(redis.call(OwnReservations.idsCommand(identity: identity)))
            let ids = held.filter { running.contains($0.sequence) }
            var jids: Set<String> = []
            for start in stride(from: 0, to: ids.count, by: RunningAtDeath.batch) {
                let some = Array(ids[start..<min(start + RunningAtDeath.batch, ids.count)])
                let payloads = try redis.call(OwnReservations.payloadsCommand(identity: identity, ids: some))
                let found = RunningAtDeath.deaths(
                    of: try OwnReservations.reservations(payloads, ids: some), lastDeath: lastDeath,
                    limit: desk.poison, now: Timestamp(milliseconds: WallClock.milliseconds()), as: desk.sidekiq,
                    counted: &jids)
                guard !found.isEmpty else { continue }
                let counts = try redis.pipeline(RunningAtDeath.countCommands(found.map(\.death)))
                let kept = RunningAtDeath.keepingWhatMayBeBuried(found.map(\.death), counts: counts)
                for (entry, death) in zip(found, kept) { deaths[entry.id] = death }
            }
        } catch {
            guard case .refused(let refusal) = error else { throw error }
            desk.log.warning(
                "the death of a process is not counted against its jobs",
                metadata: ["identity": "\(identity)", "reason": "\(refusal.message)"])
            return [:]
        }
        return deaths
    }
}
