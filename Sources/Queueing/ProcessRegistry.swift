package import JobModel
package import Redis

/// Which processes are alive: each holds a lease by Redis' clock and renews it; beside it stands Sidekiq's record.
package enum ProcessRegistry {
    /// Why 20 s: beats come every 5 s at most, so three may be lost before others take the jobs.
    package static let leaseMilliseconds = 20_000

    package struct Beat: Sendable {
        package var identity: String
        package var leaseMilliseconds: Int
        /// Given: registers the process, whether it is known or not. Nil: only renews the lease of one that is known.
        package var origin: ProcessOrigin?
        /// Given every 10 s: the dashboard forgets a process after 60 s.
        package var record: ProcessRecord?
        /// Goes with the record.
        package var work: [WorkEntry]

        package init(
            identity: String, leaseMilliseconds: Int = ProcessRegistry.leaseMilliseconds, origin: ProcessOrigin? = nil,
            record: ProcessRecord? = nil, work: [WorkEntry] = []
        ) {
            self.identity = identity
            self.leaseMilliseconds = leaseMilliseconds
            self.origin = origin
            self.record = record
            self.work = work
        }
    }

    package struct BeatAnswer: Equatable, Sendable {
        /// False, and it did not register just now: somebody rescued its jobs. It holds no lease; it must compare its
        /// reservations and register.
        package var wasKnown: Bool
        /// Redis' clock.
        package var now: Timestamp
        /// "TSTP", "TERM" or "TTIN", if somebody pressed a button on the dashboard.
        package var signal: String?
        /// Why the record is not complete; the lease is.
        package var trouble: RedisRefusal?

        package init(wasKnown: Bool, now: Timestamp, signal: String? = nil, trouble: RedisRefusal? = nil) {
            self.wasKnown = wasKnown
            self.now = now
            self.signal = signal
            self.trouble = trouble
        }
    }

    package static func command(_ beat: Beat) -> RedisCommand {
        let identity = beat.identity
        var command = RedisCommand(
            running: Scripts.beat,
            keys: [
                Keys.leases, Keys.origin(identity), Keys.processes, Keys.processRecord(identity), Keys.work(identity),
                Keys.signals(identity), Keys.oldWork(identity),
            ])
        command.add(identity)
        command.add(beat.leaseMilliseconds)
        command.add(beat.origin == nil ? "0" : "1")
        command.add(list: (beat.origin?.fields ?? []).map { Array($0.utf8) })
        command.add(list: beat.record?.fields ?? [])
        command.add(list: beat.work.flatMap { [Array($0.slot.utf8), $0.json] })
        return command
    }

    package static func answer(_ reply: RedisReply) throws(RedisError) -> BeatAnswer {
        guard let parts = try reply.accepted().elements, parts.count == 4, let known = parts[0].integer,
            let now = parts[1].integer, let signal = parts[2].text, let trouble = parts[3].text
        else { throw .unreadable("beat") }
        return BeatAnswer(
            wasKnown: known == 1, now: Timestamp(milliseconds: Int64(now)), signal: signal.isEmpty ? nil : signal,
            trouble: trouble.isEmpty ? nil : RedisRefusal(reply: trouble))
    }

    /// Ends the lease, as a process does that has settled all it held. Flush the statistics before.
    package static func deregisterCommand(identity: String) -> RedisCommand {
        var command = RedisCommand(
            running: Scripts.deregister,
            keys: [
                Keys.leases, Keys.origin(identity), Keys.reservations(identity), Keys.processes, Keys.work(identity),
                Keys.oldWork(identity),
            ])
        command.add(identity)
        return command
    }

    /// - Returns: how many reservations it leaves behind for rescue.
    package static func left(_ reply: RedisReply) throws(RedisError) -> Int {
        guard let left = try reply.accepted().integer else { throw .unreadable("deregister") }
        return left
    }
}

extension RedisCommand {
    /// Adds a list led by its length, as the scripts read them.
    mutating func add(list: [[UInt8]]) {
        add(list.count)
        for value in list { add(value) }
    }
}
