/// When a job that was running at unexplained deaths of its worker or handler is taken to be their cause.
package struct PoisonLimit: Codable, Equatable, Sendable {
    /// So many deaths bury it; 0: deaths are not counted.
    package var deaths: Int
    /// Seconds within which they count.
    package var seconds: Double

    /// Three in three days.
    package init(deaths: Int = 3, seconds: Double = 72 * 3600) {
        self.deaths = deaths
        self.seconds = seconds
    }

    package var isOn: Bool { deaths > 0 }

    /// The error with which such a job lies in the dead set.
    ///
    /// - Parameter lastDeath: who died, of what, and what else is known: "worker killed by SIGKILL, peak memory 34 MB".
    package func failure(lastDeath: String) -> Failure {
        let times = deaths == 1 ? "1 unexplained death" : "\(deaths) unexplained deaths"
        return Failure(
            errorClass: ErrorClass.poison,
            message: "poison: it was running at \(times) of its worker or handler within \(spanText); "
                + "the last: \(lastDeath)")
    }

    /// In the largest unit of which it is a whole number: "72 h".
    private var spanText: String {
        for (unit, length) in [("h", 3600.0), ("min", 60.0)] {
            let count = seconds / length
            if count >= 1, count == count.rounded() { return "\(Int(count)) \(unit)" }
        }
        return "\(seconds) s"
    }
}

/// A death that counts against the job that was running, and what buries the job if it is one too many.
///
/// How often that happened before, only Redis knows: so both sequels are prepared, and a script chooses.
package struct CountedDeath: Equatable, Sendable {
    /// By which deaths are counted; a job without one cannot be told from its like, so its deaths are not.
    package let jid: String
    package let limit: PoisonLimit
    /// The job's payload with the error in it.
    package let poisoned: [UInt8]
    /// The payload that this was made from, where somebody else may change it meanwhile: a job that has another one by then
    /// has gone on, and is not buried with what it was. Nil: not compared.
    package let seen: [UInt8]?

    package init(jid: String, limit: PoisonLimit, poisoned: [UInt8], seen: [UInt8]? = nil) {
        self.jid = jid
        self.limit = limit
        self.poisoned = poisoned
        self.seen = seen
    }

    /// - Parameter lastDeath: as for `PoisonLimit.failure`.
    /// - Returns: nil if deaths of this job are not counted.
    package init?(
        of job: Job, from queue: QueueName, lastDeath: String, limit: PoisonLimit, now: Timestamp,
        as major: SidekiqMajor
    ) {
        guard limit.isOn, let jid = job.jid else { return nil }
        let record = FailureRecord(of: limit.failure(lastDeath: lastDeath), job: job, queue: queue, now: now, as: major)
        self.init(jid: jid, limit: limit, poisoned: record.payload(storedBacktrace: nil, isRetried: false))
    }
}
