package import JobModel
package import Redis

/// The jobs that were running in a process when it died, as far as that is known, and what its death means for them.
///
/// Questions to Redis and their answers, to be asked before rescue, which is one step.
package enum RunningAtDeath {
    /// So many payloads are read at a time: one may be large.
    package static let batch = 100

    /// What the process itself last told of its runs: it may be a few seconds old, and says nothing after a minute.
    package struct OwnRecord: Equatable, Sendable {
        /// It was told to stop, or to be quiet: then its end is most likely an operator's doing.
        package var isQuiet: Bool
        /// Numbers of reservations.
        package var sequences: Set<UInt64>

        package init(isQuiet: Bool, sequences: Set<UInt64>) {
            self.isQuiet = isQuiet
            self.sequences = sequences
        }
    }

    /// To be sent together; `ownRecord` reads the answers.
    package static func recordCommands(identity: String) -> [RedisCommand] {
        [
            RedisCommand(["HGETALL", Keys.processRecord(identity)]), RedisCommand(["HGETALL", Keys.work(identity)]),
        ]
    }

    /// What cannot be read, such as an entry of another version, is not known.
    package static func ownRecord(_ replies: [RedisReply]) -> OwnRecord {
        let entries = replies.last?.pairs ?? []
        return OwnRecord(
            isQuiet: replies.first?.textByName["quiet"] == "true",
            sequences: Set(entries.compactMap { $0.value.bytes.flatMap(WorkEntry.sequence(inJSON:)) }))
    }

    /// What the death of their worker means for jobs that were running in it. What is no job was not running, and one death
    /// is one, also of a job that was pushed twice.
    ///
    /// - Parameter counted: the jids this death counts against already.
    package static func deaths(
        of running: [Reservation], lastDeath: String, limit: PoisonLimit, now: Timestamp,
        as major: SidekiqMajor, counted: inout Set<String>
    ) -> [(id: ReservationID, death: CountedDeath)] {
        running.compactMap { reservation in
            guard let job = try? Job(decoding: reservation.payload),
                let death = CountedDeath(
                    of: job, from: reservation.queue, lastDeath: lastDeath, limit: limit, now: now, as: major),
                counted.insert(death.jid).inserted
            else { return nil }
            // A chunk of its children may arrive after its worker has died.
            let compared = CountedDeath(
                jid: death.jid, limit: death.limit, poisoned: death.poisoned, seen: reservation.payload)
            return (reservation.id, compared)
        }
    }

    /// Asks how many deaths each job has behind it.
    package static func countCommands(_ deaths: [CountedDeath]) -> [RedisCommand] {
        deaths.map { RedisCommand(["LLEN", Keys.deaths($0.jid)]) }
    }

    /// Drops the payload to be buried of every job that this death cannot bury yet: there may be many, and they may be large.
    ///
    /// - Parameter counts: answers to `countCommands`.
    package static func keepingWhatMayBeBuried(_ deaths: [CountedDeath], counts: [RedisReply]) -> [CountedDeath] {
        zip(deaths, counts).map { death, count in
            if (count.integer ?? 0) + 1 >= death.limit.deaths { return death }
            return CountedDeath(jid: death.jid, limit: death.limit, poisoned: [])
        }
    }
}

extension CountedDeath {
    /// Adds what `is_poison` of the scripts needs to know, and the payload to be buried.
    func addCount(to command: inout RedisCommand) {
        command.add(Keys.deaths(jid))
        command.add(limit.deaths)
        command.add(max(1, Int(limit.seconds)))
        command.add(poisoned)
    }
}
